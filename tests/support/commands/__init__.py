"""The command line, and templates and releases to run it on."""
