"""Systems, one file each: the file name is the key in `params.yaml`. No system imports another."""
