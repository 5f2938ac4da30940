"""The HTTP API of the Durable extension: instances, entities and their URLs."""
