"""The predictor: online over HTTP, and in batches."""
