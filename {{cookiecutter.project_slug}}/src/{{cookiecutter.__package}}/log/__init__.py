"""The prediction log, as servers write it and everybody else reads it."""
