"""Databases for services, and what is in them."""
