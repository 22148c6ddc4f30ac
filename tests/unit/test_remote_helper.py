"""Plain git and plain Copier find the template of an installation through git-remote-trellis."""

import shutil
import subprocess
import sys

import pytest
from support.commands.cli import ROOT, commit, git, install_tool
from trellis.template import bundle

URL = "trellis://fastapi"
COPIER = [sys.executable, "-m", "copier"]


@pytest.fixture(params=["checkout", "bundle"])
def releases(request, tiny, tmp_path, home):
    """Puts the helper on PATH. It finds the versions that are released so far."""
    place = f"lambda: Path({str(tiny)!r})"
    if request.param == "bundle":
        place = "lambda: None"
    carried = tmp_path / "carried"
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'generator')!r}); from pathlib import Path; "
        f"from trellis.template import source; source.find_checkout = {place}; "
        f"source.find_bundle = lambda: Path({str(carried)!r}); "
        "from trellis.remote_helper import main; main()"
    )
    install_tool(home / "bin/git-remote-trellis", f'exec {sys.executable} -c "{code}" "$@"\n')

    def release(version):
        commit(tiny, version, version)
        bundle.build(tiny, carried)

    release("v1.0.1")
    return release


def run(*words, folder):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_git_lists_and_clones_it(releases, work):
    assert "refs/tags/v1.0.1" in run("git", "ls-remote", "--tags", URL, folder=work)

    run("git", "clone", "--quiet", "--branch", "v1.0.0", URL, "clone", folder=work)
    run("git", "-C", "clone", "fetch", "--quiet", "--tags", folder=work)

    assert (work / "clone/copier.yml").exists()


def test_copier_updates_a_service_of_the_wheel(releases, tiny, trellis, work):
    assert trellis("new", "blog", "--yes", "--no-install").code == 0
    blog = work / "blog"
    assert f"_src_path: git+{URL}" in (blog / ".copier-answers.yml").read_text()
    (tiny / "template/service/SUPPORT.md").write_text("Ask us.\n")
    releases("v1.1.0")

    checked = subprocess.run(
        [*COPIER, "check-update"], cwd=blog, capture_output=True, text=True, check=False
    )
    assert "1.1.0" in checked.stdout + checked.stderr
    run(*COPIER, "update", "--defaults", "--quiet", folder=blog)

    assert (blog / "SUPPORT.md").read_text() == "Ask us.\n"
    assert "_commit: v1.1.0" in (blog / ".copier-answers.yml").read_text()


@pytest.mark.parametrize("address", ["trellis://django", "trellis://fastapi/../x", "trellis://"])
def test_another_address_is_refused(releases, work, address):
    done = subprocess.run(
        ["git", "ls-remote", address], cwd=work, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert "Trellis has no template at" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_can_be_pushed_to_it(releases, tiny, work):
    run("git", "clone", "--quiet", URL, "clone", folder=work)
    before = git(tiny, "for-each-ref")

    done = subprocess.run(
        ["git", "push", "--quiet", URL, "HEAD:refs/heads/mine"],
        cwd=work / "clone", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert git(tiny, "for-each-ref") == before


def test_the_wheel_installs_it():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["scripts"]["git-remote-trellis"] == "trellis.remote_helper:main"
    assert shutil.which("git")
