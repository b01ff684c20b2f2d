"""The WebSocket side: chanx consumers drive the services."""
