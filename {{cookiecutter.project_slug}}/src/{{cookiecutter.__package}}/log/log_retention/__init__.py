"""Option ``log_retention``: past days become small or are deleted, and records are forgotten."""
