"""A challenger beside the champion: the command that starts it, and the route that asks it."""
