"""Blueprints to try, and the names and choices that they are made of."""
