"""Files read to the letter: YAML without surprises, and models that name every problem with its path."""
