"""The Open Inference Protocol, version 2, beside the project's own."""
