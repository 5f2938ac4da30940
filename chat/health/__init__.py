"""Is the app ready: what its settings say, and what the services behind it answer."""
