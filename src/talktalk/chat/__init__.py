"""The chat slice."""
