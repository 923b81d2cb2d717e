"""What is done with versions: promote, roll back, show, compare, trace back."""
