"""One module per kind of work; each knows its own targets."""
