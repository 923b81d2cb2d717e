"""What a model must hold before it may serve: its evidence, and the rules that judge it."""
