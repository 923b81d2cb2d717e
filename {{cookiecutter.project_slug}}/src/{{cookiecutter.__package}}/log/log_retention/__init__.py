"""Days of the log that are over become Parquet, those beyond retention go, and records are forgotten."""
