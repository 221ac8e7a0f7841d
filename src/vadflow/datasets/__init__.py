"""Datasets, one file each: the file name is the adapter's key in `params.yaml`. `base` says what a file must offer."""
