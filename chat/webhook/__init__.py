"""What the service told us, and whether it is verified."""
