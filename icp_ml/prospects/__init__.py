"""Who next? Score, grade and list prospects."""
