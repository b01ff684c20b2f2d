"""What keeps state and carries messages: one module for each backend, chosen by a setting."""
