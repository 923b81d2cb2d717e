"""Who is let in: keys, their rates, and the guard that asks for them."""
