"""Looks for better settings: many trainings, judged on validation rows; test rows stay unread."""
