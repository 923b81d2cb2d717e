"""A challenger beside the champion: its share or shadow, and when it is stopped."""
