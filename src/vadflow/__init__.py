"""vadflow: video anomaly detection as one workflow, from normal video to a table one can believe."""

__version__ = "0.1.0"
