"""The stores on Redis."""
