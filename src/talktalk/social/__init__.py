"""The social slice."""
