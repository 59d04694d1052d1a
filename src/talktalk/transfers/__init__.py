"""The transfers slice."""
