"""What a trained model must do whatever its metrics say; `make test-model` runs it."""
