"""Whole paths through the product, in a real browser, on real parts."""
