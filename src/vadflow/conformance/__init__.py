"""The test kit for one's own system: drawn clips (`scene`) and what every system must do on them (`checks`)."""
