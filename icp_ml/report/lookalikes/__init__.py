"""Draw a list of lookalikes: what is on it and why, how good the order is, and what a longer list would hold."""
