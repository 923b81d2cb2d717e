"""From a dataset version to a gated, registered model."""
