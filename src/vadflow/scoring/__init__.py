"""From a system's raw scores to calibrated, smoothed scores, thresholds and events."""
