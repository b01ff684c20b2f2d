"""One suite for each port. The backend subclass them and bring the fixtures."""
