"""The wire: what frames look like, one module per feature."""
