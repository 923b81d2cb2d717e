"""How every page that a job writes looks: one frame and style, and numbers for people."""
