"""The report a person looks at: one HTML page that works offline, and the readable twin of the AUC table.

`model` says what goes in and what a page holds, `collect` picks what to show, `lines` and `pictures` draw, `tables`
lays out the numbers, `page` and `twin` write. No torch here, no address of another machine in the output.
"""
