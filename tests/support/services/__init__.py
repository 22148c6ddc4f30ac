"""What the template renders."""
