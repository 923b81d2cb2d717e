"""From a contract row to a prediction: one program, one graph, one bundle."""
