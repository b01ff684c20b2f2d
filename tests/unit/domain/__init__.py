"""The rules, called directly."""
