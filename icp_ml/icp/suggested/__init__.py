"""What a change of the profile would bring and cost: suggestions, prices, whom to avoid, what opens."""
