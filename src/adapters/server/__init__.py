"""The server that carries it all: uvicorn, and what it must do for us."""
