"""Where Switchboard meets frameworks, networks and clocks."""
