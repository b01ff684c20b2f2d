"""Lanes: how messages travel. The outbound side of broadcasting."""
