"""One suite for each port. The twins subclass them and bring the fixtures."""
