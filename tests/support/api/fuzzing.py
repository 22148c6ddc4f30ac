"""Schemathesis against a service: every phase and every check, from a seed."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from support.running.environments import CommandError, environment

SEED = 20_261_121
_TESTS = Path(__file__).resolve().parents[2]


def fuzz(address: str, examples: int, seed: int = SEED) -> int:
    """Returns the number of requests. Raises CommandError if one of them found a fault.

    Each operation gets `examples` random requests, besides those of the other phases.
    """
    with tempfile.TemporaryDirectory(prefix="trellis-fuzzing-") as folder:
        report = Path(folder, "report.json")
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{address}/openapi.json",
            "--phases", "examples,coverage,fuzzing,stateful",
            "--checks", "all",
            # schemathesis_hooks.py has a check that replaces this one.
            "--exclude-checks", "positive_data_acceptance",
            "--mode", "all", "--generation-allow-x00", "true",
            "--max-examples", str(examples), "--seed", str(seed), "--generation-database", "none",
            "--continue-on-failure", "--request-timeout", "60", "--suppress-health-check", "all",
            "--report", "json", "--report-json-path", str(report), "--no-color",
        ]  # fmt: skip
        hooks = "support.api.schemathesis_hooks"
        env = environment(PYTHONPATH=str(_TESTS), SCHEMATHESIS_HOOKS=hooks)
        completed = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        if completed.returncode:
            said = "\n".join(completed.stdout.splitlines()[-400:])
            raise CommandError(f"{' '.join(command)}\n{said}\n{completed.stderr[-2000:]}")
        document = json.loads(report.read_text(encoding="utf-8"))
        return int(document["test_cases"]["generated"])
