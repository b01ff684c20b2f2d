"""The web server: uvicorn, with what it lacks for long-lived connections."""
