"""The queue and the worker in memory."""
