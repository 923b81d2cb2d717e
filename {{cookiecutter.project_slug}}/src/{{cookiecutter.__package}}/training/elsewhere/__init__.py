"""Models that are trained elsewhere: what they learn from, and how they come in."""
