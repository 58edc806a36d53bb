"""Template tags of the example site."""
