"""The report a person looks at: one HTML page that works offline."""
