"""Container images of services, built without an engine."""
