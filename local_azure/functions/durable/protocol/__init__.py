"""The rules of the Durable extension, without I/O: history, replay, episodes and entity batches."""
