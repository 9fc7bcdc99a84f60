"""What do we know? Read tables, check them, label outcomes, split by time."""
