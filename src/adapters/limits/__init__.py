"""Limits by key, such as an address, and what is told of them."""
