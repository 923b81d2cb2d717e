"""A graph that was trained elsewhere, as the one graph of a bundle."""
