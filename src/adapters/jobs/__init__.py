"""Where jobs wait and run: in this process, or through ARQ."""
