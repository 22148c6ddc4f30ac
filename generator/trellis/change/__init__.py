"""From another blueprint to merged files."""
