"""What happens to the record of rooms without anybody talking: retention, closing, export and erasure."""
