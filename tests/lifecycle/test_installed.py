"""Trellis installed from a wheel by pipx, without a network."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands.cli import COMMENT, POST, ROOT, USER, commit, edit, git, unpack
from support.running import environments

UV = shutil.which("uv")
UV_CACHE = UV and subprocess.check_output([UV, "cache", "dir"], text=True).strip()
PACKAGING = ("pyproject.toml", "README.md", "LICENSE", "generator")
BUILD = "import sys; from hatchling import build as b; print(getattr(b, sys.argv[1])(sys.argv[2]))"


def build(root, output, target="wheel"):
    """Builds a distribution of the repository."""
    command = [sys.executable, "-c", BUILD, f"build_{target}", str(output)]
    said = subprocess.check_output(command, cwd=root, text=True)
    return output / said.splitlines()[-1]


def packaged(versions, version, root):
    """The repository that the versions are built from."""
    versions.clone(version, root)
    skipped = shutil.ignore_patterns("__pycache__")
    for name in PACKAGING:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, root / name, **({"ignore": skipped} if copy is shutil.copytree else {}))
    (root / "CHANGELOG.md").touch()
    commit(root, "What it is built from")
    return root


def without_network():
    """The command prefix that runs a command without any network, if the system allows that."""
    for words in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if shutil.which("unshare") and not subprocess.run([*words, "true"], check=False).returncode:
            return words
    return []


@pytest.fixture(scope="module")
def pipx(versions, tmp_path_factory):
    """Trellis of the first version, as pipx installs it."""
    folder = tmp_path_factory.mktemp("pipx")
    wheel = build(packaged(versions, "v1.0.0", folder / "first"), folder)
    env = environments.environment(
        HOME=str(folder),
        PIPX_HOME=str(folder / "pipx"),
        PIPX_BIN_DIR=str(folder / "bin"),
        UV_CACHE_DIR=str(UV_CACHE),
    )
    words = ["tool", "run", "pipx", "install", "--python", sys.executable, str(wheel)]
    environments.run(folder, str(UV), *words, env=env)
    return Pipx(folder, env)


class Pipx:
    """An installation by pipx."""

    def __init__(self, folder, env):
        self.folder = folder
        dead = "http://127.0.0.1:9"
        offline = {"UV_OFFLINE": "1", "https_proxy": dead, "http_proxy": dead, "ALL_PROXY": dead}
        self.env = env
        self.offline = {**env, **offline, "GIT_CONFIG_GLOBAL": os.environ["HOME"] + "/.gitconfig"}

    def upgrade(self, wheel):
        """Installs another wheel in its place, with the same dependencies."""
        python = str(next(self.folder.glob("pipx/venvs/*/bin/python")))
        words = ["pip", "install", "--quiet", "--python", python, "--reinstall", "--no-deps"]
        environments.run(self.folder, str(UV), *words, str(wheel), env=self.env)

    def __call__(self, folder, *words, code=0):
        """Runs the command without a network and without a checkout."""
        return self.run(folder, str(self.folder / "bin/trellis"), *words, code=code)

    def run(self, folder, *words, code=0):
        """Runs another tool, which finds the scripts of the installation on PATH."""
        path = f"{self.folder / 'bin'}{os.pathsep}{self.offline['PATH']}"
        done = subprocess.run(
            [*without_network(), *words],
            cwd=folder,
            env={**self.offline, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(UV is None, reason="uv installs pipx"),
]


def test_a_service_is_made_and_changed_and_updated_without_a_network(pipx, versions, tmp_path):
    pipx(tmp_path, "new", "blog", "--yes", "-r", USER, "-r", POST)
    blog = tmp_path / "blog"
    assert git(blog, "status", "--porcelain") == ""
    edit(blog / "README.md", "# Blog", "# Our blog")
    (blog / "uv.lock").write_text('version = 1\nrequires-python = ">=3.11"\n')
    commit(blog)

    pipx(blog, "add", "resource", *COMMENT.split())
    commit(blog)
    pipx(blog, "add", "field", "user", "nick:string:40:optional")
    commit(blog)
    said = pipx(blog, "change", "database=postgres")
    commit(blog)
    assert "uv.lock" in said  # renewed from uv's cache, or named as a next step
    pipx(blog, "update", "--check")
    pipx.upgrade(build(packaged(versions, "v1.2.0", tmp_path / "newest"), tmp_path))
    pipx(blog, "update", "--check", code=8)
    pipx(blog, "update")
    commit(blog)

    files = json.loads(pipx(blog, "status", "--json"))["files"]
    assert files["edited"] == ["README.md"]
    assert files["stale"] == files["missing"] == []
    answers = (blog / ".copier-answers.yml").read_text()
    assert "_commit: v1.2.0" in answers
    assert "_src_path: git+trellis://fastapi" in answers
    assert "# Our blog" in (blog / "README.md").read_text()


def test_git_and_copier_find_the_template_in_the_installation(pipx, versions, tmp_path):
    pipx.upgrade(build(packaged(versions, "v1.0.0", tmp_path / "first"), tmp_path))
    pipx(tmp_path, "new", "blog", "--yes", "-r", USER, "-r", POST)
    blog = tmp_path / "blog"
    edit(blog / "README.md", "# Blog", "# Our blog")
    commit(blog)
    tags = ["git", "ls-remote", "--tags", "trellis://fastapi"]
    copier = [sys.executable, "-m", "copier"]
    assert "v1.0.0" in pipx.run(blog, *tags)
    assert "v1.2.0" not in pipx.run(blog, *tags)

    pipx.upgrade(build(packaged(versions, "v1.2.0", tmp_path / "newest"), tmp_path))
    assert "v1.2.0" in pipx.run(blog, *tags)
    assert "1.2.0" in pipx.run(blog, *copier, "check-update")
    pipx.run(blog, *copier, "update", "--defaults", "--quiet")

    answers = (blog / ".copier-answers.yml").read_text()
    assert "_commit: v1.2.0" in answers
    assert "_src_path: git+trellis://fastapi" in answers
    assert "# Our blog" in (blog / "README.md").read_text()
    commit(blog)
    assert pipx(blog, "add", "resource", *COMMENT.split())


def test_a_wheel_without_history_makes_and_changes_services(pipx, versions, tmp_path):
    root = packaged(versions, "v1.2.0", tmp_path / "tarball")
    shutil.rmtree(root / ".git")
    sdist = build(root, tmp_path, "sdist")
    unpack(sdist, tmp_path / "unpacked")
    pipx.upgrade(build(next(Path(tmp_path, "unpacked").iterdir()), tmp_path))

    pipx(tmp_path, "new", "blog", "--yes", "-r", USER, "-r", POST)
    pipx(tmp_path / "blog", "add", "resource", *COMMENT.split())
    commit(tmp_path / "blog")
    pipx(tmp_path / "blog", "change", "orm=sqlmodel")
    commit(tmp_path / "blog")

    assert "nothing to change" in pipx(tmp_path / "blog", "update")
    assert json.loads(pipx(tmp_path / "blog", "status", "--json"))["files"]["edited"] == []
