"""What the service told us, and whether we believe it."""
