"""Tokens, tickets and revocations, for each backend."""
