"""Batch scoring: files and database rows through the graph of the server, to Parquet."""
