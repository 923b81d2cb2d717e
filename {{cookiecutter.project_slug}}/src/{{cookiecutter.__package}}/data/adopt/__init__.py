"""A person's own table to a contract: look at every row once, infer, show, write."""
