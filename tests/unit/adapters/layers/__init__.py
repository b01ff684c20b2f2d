"""The lanes in memory."""
