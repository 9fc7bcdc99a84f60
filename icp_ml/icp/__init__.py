"""Which hypothesis? The profile as written."""
