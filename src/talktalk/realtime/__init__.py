"""The realtime slice."""
