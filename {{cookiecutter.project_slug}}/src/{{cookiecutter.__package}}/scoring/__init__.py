"""Batch scoring: read → predict → write."""
