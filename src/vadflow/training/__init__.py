"""What every trained system shares: splits, windows, the loop, checkpoints."""
