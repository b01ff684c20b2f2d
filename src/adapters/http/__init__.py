"""The HTTP side: pages, health, and a small API."""
