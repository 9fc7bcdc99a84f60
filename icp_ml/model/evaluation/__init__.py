"""How good is it? The procedure judged on later accounts: metrics, chance, stability, slices, surprises, gates."""
