"""Blueprints that nobody has shown the template: accepted means valid, formatted and silent.

Every share of them is drawn from a seed of its own, so that a run is the same everywhere;
`BLUEPRINT_SEED=…` draws others.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from support import parsing
from support.invention import blueprints, drawn
from support.minimising import minimised
from support.services import TEMPLATE, read_files

SHARES = 8
EXAMPLES = 40
SEED = int(os.environ.get("BLUEPRINT_SEED", "0")) * SHARES


@pytest.mark.parametrize("share", range(SHARES))
def test_any_accepted_blueprint_renders_clean_code(share, tmp_path):
    invented = drawn(blueprints(), SEED + share, EXAMPLES)

    said = complaints(invented, tmp_path)

    assert len(invented) == EXAMPLES
    assert not said, explain(said)


def complaints(invented, folder):
    """What is said about those that are not clean, with the blueprint."""
    for number, blueprint in enumerate(invented):
        TEMPLATE.render(blueprint, folder / f"service{number:02d}")
    said = [own_complaint(folder / f"service{number:02d}") for number in range(len(invented))]
    check = ruff("check", "--output-format", "concise", folder)
    formatted = ruff("format", "--diff", folder)
    faulty = []
    for number, blueprint in enumerate(invented):
        place = f"{folder / f'service{number:02d}'}/"
        if said[number] or place in check or place in formatted:
            faulty.append(blueprint)
    return faulty


def own_complaint(service):
    """Without ruff: what does not parse, and runs of blank lines."""
    files = read_files(service)
    for name, text in files.items():
        try:
            parsing.parse(name, text, files)
        except Exception as error:  # noqa: BLE001 - whatever a parser raises
            return f"{name}: {error}"
        if "\n\n\n\n" in text or (text and not text.endswith("\n")) or text.endswith("\n\n"):
            return f"{name}: blank lines"
    return ""


def complaint(blueprint):
    """About one blueprint; nothing when it is clean, or no longer accepted."""
    if TEMPLATE.validate(blueprint):
        return ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "service")
        TEMPLATE.render(blueprint, folder)
        said = own_complaint(folder)
        said += ruff("check", "--output-format", "concise", folder)
        said += ruff("format", "--diff", folder)
        return said.replace(f"{folder}/", "")


def explain(faulty):
    """The first of them, made small."""
    small = minimised(faulty[0], lambda blueprint: bool(complaint(blueprint)))
    text = yaml.safe_dump(small, allow_unicode=True, sort_keys=False)
    return f"{len(faulty)} of {EXAMPLES} are not clean, such as:\n{text}\n{complaint(small)}"


def ruff(*words):
    command = [sys.executable, "-m", "ruff", *words[:1], "--quiet", "--no-cache", *words[1:]]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    return completed.stdout + completed.stderr
