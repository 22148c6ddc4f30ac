"""One service on the disk."""
