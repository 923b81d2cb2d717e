"""From findings to people: alerts that open and are resolved, and where they are sent."""
