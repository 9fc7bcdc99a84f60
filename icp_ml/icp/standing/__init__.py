"""Where the profile stands: its populations, its criteria one by one, and the profile against other rules."""
