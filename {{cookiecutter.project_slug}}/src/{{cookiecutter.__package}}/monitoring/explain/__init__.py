"""Why one logged row was answered as it was: every stage again, and the first that differs."""
