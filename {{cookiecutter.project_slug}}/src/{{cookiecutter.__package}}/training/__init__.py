"""From a dataset version to a gated, registered model.

``job`` tells it in order. Which part may import which stands in ``pyproject.toml``, by layers.
"""
