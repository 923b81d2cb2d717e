"""What was served, judged against what was trained on."""
