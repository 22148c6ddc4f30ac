"""One version of the template."""
