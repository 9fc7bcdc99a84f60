"""Is it still true? Tracking and the model registry."""
