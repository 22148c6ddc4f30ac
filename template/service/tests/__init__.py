"""Sets ENVIRONMENT=test, whatever the environment and .env say."""

import os

os.environ["ENVIRONMENT"] = "test"
