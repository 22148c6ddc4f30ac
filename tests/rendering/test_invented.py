"""Random blueprints: if the rules accept one, its service is valid, formatted and lints clean.

Each test draws from a fixed seed, so that all runs are the same; `BLUEPRINT_SEED=…` draws others.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from support.blueprints.invention import blueprints, drawn
from support.blueprints.minimising import minimised
from support.services import parsing
from support.services.renderings import TEMPLATE, read_files

SHARES = 8
EXAMPLES = 24
SEED = int(os.environ.get("BLUEPRINT_SEED", "0")) * SHARES


@pytest.mark.parametrize("share", range(SHARES))
def test_any_accepted_blueprint_renders_clean_code(share, tmp_path):
    invented = drawn(blueprints(), SEED + share, EXAMPLES)

    said = complaints(invented, tmp_path)

    assert len(invented) == EXAMPLES
    assert not said, explain(said)


def complaints(invented, folder):
    """The findings in services that are not clean, each with its blueprint."""
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
    """The findings without ruff: files that do not parse, and more than two blank lines."""
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
    """The findings for one blueprint; none if it is clean, or if the rules refuse it."""
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
    """The first finding, with its blueprint minimised."""
    small = minimised(faulty[0], lambda blueprint: bool(complaint(blueprint)))
    text = yaml.safe_dump(small, allow_unicode=True, sort_keys=False)
    return f"{len(faulty)} of {EXAMPLES} are not clean, such as:\n{text}\n{complaint(small)}"


def ruff(*words):
    command = [sys.executable, "-m", "ruff", *words[:1], "--quiet", "--no-cache", *words[1:]]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    return completed.stdout + completed.stderr
