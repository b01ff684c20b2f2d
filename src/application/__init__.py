"""What Switchboard does: one service per feature, and the ports that they need."""
