"""How a network learns: epoch after epoch, and on from where it was interrupted."""
