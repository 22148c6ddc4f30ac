"""What a running service promises over HTTP, and what it is sent."""
