"""The custody slice."""
