"""Which hypothesis? The profile, confronted with the evidence, and what follows."""
