"""From a changed blueprint to merged files."""
