"""Tests run as such, whatever the environment or .env says."""

import os

os.environ["ENVIRONMENT"] = "test"
