"""Object boxes per clip: detectors, one file each, behind one contract."""
