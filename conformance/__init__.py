"""Black-box checks of Azure Web PubSub: they know an endpoint and a key, and nothing of what is behind it."""
