"""The prediction log: its files, and reading them back."""
