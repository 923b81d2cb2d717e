"""The report of a training: an HTML page with plots, drawn from the bundle alone."""
