"""Jobs: asked for, run, and looked after when nobody else does."""
