"""Models that were trained elsewhere, as ONNX: what they learn from, and how they are imported."""
