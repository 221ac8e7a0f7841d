"""attributes: what one object is, does and where it does it, each with its own support test and its own tail on normal video."""
