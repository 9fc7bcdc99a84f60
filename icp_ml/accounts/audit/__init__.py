"""What do we know before any model: counts, power, hygiene, leaks and parity of the customer table."""
