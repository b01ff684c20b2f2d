"""The rules of Switchboard: values, events and what may happen. Standard library only."""
