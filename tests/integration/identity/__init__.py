"""Revocations and tickets on a real Redis."""
