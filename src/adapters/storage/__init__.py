"""Stores: presence, tallies and job records, as twins in memory and on Redis."""
