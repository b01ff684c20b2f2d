"""What Switchboard is measured against; both speak the frames of its protocol that are timed."""
