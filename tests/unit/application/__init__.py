"""The services, on the memory twins."""
