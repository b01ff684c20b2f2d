"""The queue and the worker on Redis."""
