"""The server: predictions over HTTP."""
