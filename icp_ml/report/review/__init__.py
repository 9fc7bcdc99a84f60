"""Draw the periodic review from its document."""
