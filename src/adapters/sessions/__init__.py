"""What a client is owed, whatever carries it: order, bounds, recovery, a reason for its end."""
