"""The lanes on Redis."""
