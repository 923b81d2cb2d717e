"""How good models are on the same rows, with intervals that say how sure that is."""
