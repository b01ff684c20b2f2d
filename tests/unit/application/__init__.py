"""The services, on the memory backend."""
