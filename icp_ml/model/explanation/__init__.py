"""Why, in depth: which fits matter on held-out accounts, which reasons are stable, and one account taken apart."""
