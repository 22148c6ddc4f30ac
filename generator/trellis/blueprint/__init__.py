"""What a service should be. Pure."""
