"""Bytes to answers: connections, the edge, limits, and the shape of errors."""
