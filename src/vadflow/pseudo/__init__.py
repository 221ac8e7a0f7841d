"""Pseudo-anomalies, one file each: recipes written once, replayed on load."""
