"""`vadflow verify`: two results folders held against each other, stage by stage, until the first that differs."""
