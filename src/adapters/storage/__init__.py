"""Stores: presence, tallies and job records, as backend in memory and on Redis."""
