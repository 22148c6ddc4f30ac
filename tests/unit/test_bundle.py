import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands.cli import commit, git, unpack
from support.commands.tiny import write_template
from trellis.template import bundle

ROOT = Path(bundle.__file__).parents[3]


def heads(path):
    done = subprocess.run(
        ["git", "bundle", "list-heads", str(path)], capture_output=True, text=True, check=True
    )
    return sorted(line.split()[1] for line in done.stdout.splitlines())


def test_it_carries_the_releases_and_nothing_private(tiny, tmp_path):
    commit(tiny, "Second", "v1.1.0")
    git(tiny, "tag", "experiment")
    git(tiny, "branch", "secret")
    (tiny / "copier.yml").write_text("{}")
    git(tiny, "stash")

    note = bundle.build(tiny, tmp_path / "b")

    releases = ["refs/tags/v1.0.0", "refs/tags/v1.1.0"]
    assert heads(tmp_path / "b") == ["HEAD", "refs/heads/main", *releases]
    assert "history of 2 releases" in note


def test_it_carries_no_release_that_comes_after_what_is_built(tiny, tmp_path):
    commit(tiny, "Second", "v2.0.0")
    git(tiny, "checkout", "-q", "-b", "maintenance", "v1.0.0")
    commit(tiny, "Maintained", "v1.0.1")
    git(tiny, "checkout", "-q", "--detach", "v1.0.0")

    bundle.build(tiny, tmp_path / "b")

    assert heads(tmp_path / "b") == ["HEAD", "refs/heads/main", "refs/tags/v1.0.0"]


def test_it_carries_the_releases_of_other_branches(tiny, tmp_path):
    git(tiny, "checkout", "-q", "-b", "maintenance", "v1.0.0")
    commit(tiny, "Maintained", "v1.0.1")
    git(tiny, "checkout", "-q", "main")
    commit(tiny, "Second", "v2.0.0")

    bundle.build(tiny, tmp_path / "b")

    assert {"refs/tags/v1.0.1", "refs/tags/v2.0.0"} <= set(heads(tmp_path / "b"))


def test_without_history_it_has_one_commit_and_says_so(tmp_path):
    root = write_template(tmp_path / "tarball")

    notes = [bundle.build(root, tmp_path / name) for name in ("one", "two")]

    assert "one commit" in notes[0]
    assert heads(tmp_path / "one") == ["HEAD", "refs/heads/main"]
    clones = [git(tmp_path, "ls-remote", str(tmp_path / name)) for name in ("one", "two")]
    assert clones[0] == clones[1]


def test_inside_of_another_repository_it_has_one_commit(tmp_path):
    root = write_template(tmp_path / "vendored")
    (tmp_path / "other").touch()
    commit(tmp_path, "Another project's", "v9.0.0")

    assert "one commit" in bundle.build(root, tmp_path / "b")


def test_of_a_shallow_clone_it_has_one_commit(tiny, tmp_path):
    commit(tiny, "More")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tiny}", "shallow")

    assert "one commit" in bundle.build(tmp_path / "shallow", tmp_path / "b")


@pytest.fixture
def repository(tmp_path):
    """A released repository with this project and the tiny template."""
    root = write_template(tmp_path / "repository")
    for name in ("pyproject.toml", "generator", "README.md", "LICENSE", "CHANGELOG.md"):
        if (ROOT / name).exists():
            subprocess.run(["cp", "-r", str(ROOT / name), str(root / name)], check=True)
    for cache in list(root.rglob("__pycache__")):
        shutil.rmtree(cache)
    (root / ".gitignore").write_text("__pycache__/\n")
    commit(root, "First release", "v1.0.0")
    return root


def build(root, output, target):
    code = (
        "import sys; from hatchling import build as b; print(getattr(b, sys.argv[1])(sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, f"build_{target}", str(output)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return output / done.stdout.splitlines()[-1]


def run_from(wheel, folder, *words):
    """Runs Trellis from the unpacked wheel, without a network."""
    unpacked = folder / "site"
    shutil.unpack_archive(wheel, unpacked, "zip")
    code = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r}); from trellis.cli import main; main()"
    )
    environment = os.environ | {"https_proxy": "http://127.0.0.1:9", "UV_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wheel_makes_services_on_its_own(repository, tmp_path, work):
    wheel = build(repository, tmp_path, "wheel")
    repository.rename(tmp_path / "gone")

    done = run_from(wheel, work, "new", "blog", "--yes")

    assert done.returncode == 0, done.stderr
    recorded = (work / "blog/.copier-answers.yml").read_text()
    assert "_commit: v1.0.0" in recorded
    assert "_src_path: git+trellis://fastapi" in recorded
    assert "sqlmodel" in run_from(wheel, work, "options", "--json").stdout


def test_a_wheel_from_the_sdist_has_the_history_too(repository, tmp_path, work):
    sdist = build(repository, tmp_path, "sdist")
    unpack(sdist, tmp_path / "unpacked")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert not (unpacked / ".git").exists()

    wheel = build(unpacked, tmp_path, "wheel")

    done = run_from(wheel, work, "new", "blog", "--yes")
    assert done.returncode == 0, done.stderr
    assert "_commit: v1.0.0" in (work / "blog/.copier-answers.yml").read_text()


def test_building_leaves_nothing_in_the_repository(repository, tmp_path):
    build(repository, tmp_path, "wheel")
    build(repository, tmp_path, "sdist")

    assert git(repository, "status", "--porcelain", "--ignored").replace("!! ", "").split() == []
