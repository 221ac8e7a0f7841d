"""The protocol of the AUC table, on plain arrays and tables. No torch here.

`roc` and `localise` count, `protocol` says what is counted, `bootstrap` how sure we are, `sins` what others would
print, `table` and `costs` what is written; `evaluate` is the one call a job makes.
"""
