"""What a training found, as a record, a card and a page with plots."""
