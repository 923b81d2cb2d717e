"""Raw sources to immutable, validated dataset versions."""
