"""Blueprints: questions, values and the shorthand. Pure."""
