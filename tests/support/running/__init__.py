"""Rendered services with an environment of their own: commands, processes, servers."""
