"""Runs the scripts of the rendered pipelines that propose newer versions of the template."""

import os
import shlex
import shutil
import subprocess

import pytest
import yaml
from support.commands.cli import USER, command, commit, edit, git

REMOTE = "https://gitlab.example.org/team/blog.git"
# Records its arguments. A file has the earlier pull requests, one a line.
GH = """\
#!/bin/sh
echo "$@" >> "$CALLS"
case "$1 $2" in
"pr list") cat "$PULL_REQUESTS" ;;
"pr create") echo 1 > "$PULL_REQUESTS" ;;
esac
"""


@pytest.fixture(params=["github", "gitlab"])
def pipeline(request, versions, tmp_path, monkeypatch):
    """A service of the first version with a remote, which can run its pipeline's script."""
    return Pipeline(request.param, versions, tmp_path, monkeypatch)


class Pipeline:
    def __init__(self, kind, versions, folder, monkeypatch):
        self.kind, self.folder, self.versions = kind, folder, versions
        self.service, self.origin = folder / "work/blog", folder / "origin.git"
        self.calls, bin_ = folder / "calls", folder / "bin"
        for made in (bin_, folder / "work", folder / "temp"):
            made.mkdir()
        (folder / "pull_requests").write_text("0\n")
        self.calls.write_text("")
        words = shlex.join(command(versions.root))
        self.script(bin_ / "uvx", f'#!/bin/sh\nshift 5\nexec {words} "$@"\n')
        self.script(bin_ / "gh", GH)
        new = command(versions.at("v1.0.0"))
        options = ["--yes", "--no-install", "-r", USER, "--name", "Blog", "--ci", kind]
        subprocess.run([*new, "new", str(self.service), *options], check=True, capture_output=True)
        for name, value in {
            "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
            "CALLS": str(self.calls),
            "PULL_REQUESTS": str(folder / "pull_requests"),
            "RUNNER_TEMP": str(folder / "temp"),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITLAB_USER_NAME": "Ada",
            "GITLAB_USER_EMAIL": "ada@example.org",
            "TEMPLATE_TOKEN": "secret",
            "CI_SERVER_HOST": "gitlab.example.org",
            "CI_PROJECT_PATH": "team/blog",
            # git uses a local folder in place of the remote's address.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.origin}.insteadOf",
            "GIT_CONFIG_VALUE_0": REMOTE.replace("https://", "https://template:secret@"),
        }.items():
            monkeypatch.setenv(name, value)

    def script(self, path, text):
        path.write_text(text)
        path.chmod(0o755)

    def run(self):
        """Runs the weekly job in clones such as CI runners make."""
        if not self.origin.exists():
            git(self.folder, "clone", "--quiet", "--bare", str(self.service), str(self.origin))
            git(self.origin, "config", "receive.advertisePushOptions", "true")
        if self.kind == "gitlab":
            lines = yaml.safe_load((self.service / ".gitlab-ci.yml").read_text())
            return self.shell("\n".join(lines["update-template"]["script"]))
        path = self.service / ".github/workflows/template.yml"
        jobs = yaml.safe_load(path.read_text())["jobs"]
        (self.folder / "output").write_text("")
        said = self.shell(jobs["update"]["steps"][-2]["run"])
        output = (self.folder / "output").read_text()
        if output:
            version = output.strip().removeprefix("version=")
            propose = jobs["propose"]["steps"][-1]["run"]
            said += self.shell(f"VERSION={version}\n{propose}")
        return said

    def shell(self, script):
        """Runs a script in a shallow clone. It ends with the first command that fails."""
        clone = self.folder / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        git(self.folder, "clone", "--quiet", "--depth=1", f"file://{self.origin}", str(clone))
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=clone, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def branches(self):
        return git(self.origin, "branch", "--format=%(refname:short)").split()

    def proposed(self, file):
        return git(self.origin, "show", f"template-v1.2.0:{file}")


def test_a_newer_template_is_proposed_once(pipeline):
    pipeline.run()
    first = git(pipeline.origin, "rev-parse", "template-v1.2.0")
    pipeline.run()

    assert pipeline.branches() == ["main", "template-v1.2.0"]
    assert git(pipeline.origin, "rev-parse", "template-v1.2.0") == first
    assert git(pipeline.origin, "rev-list", "--count", "main..template-v1.2.0").strip() == "1"
    assert "Be brief and clear." in pipeline.proposed("AGENTS.md")
    assert "SUPPORT.md" in git(pipeline.origin, "show", "--stat", "template-v1.2.0")
    if pipeline.kind == "github":
        assert pipeline.calls.read_text().count("pr create --head template-v1.2.0") == 1
        assert "v1.2.0 is newer" in (pipeline.folder / "temp/notes.md").read_text()


def test_a_conflict_is_proposed_as_one(pipeline):
    edit(pipeline.service / "AGENTS.md", "# House rules\n", "# House rules\n\n- Be long.\n")
    commit(pipeline.service)

    pipeline.run()

    assert "<<<<<<<" in pipeline.proposed("AGENTS.md")
    assert "- Be long." in pipeline.proposed("AGENTS.md")
    if pipeline.kind == "github":
        assert "Conflicts" in (pipeline.folder / "temp/notes.md").read_text()


def test_nothing_is_proposed_where_nothing_is_newer(pipeline, monkeypatch):
    older = shlex.join(command(pipeline.versions.at("v1.0.0")))
    pipeline.script(pipeline.folder / "bin/uvx", f'#!/bin/sh\nshift 5\nexec {older} "$@"\n')

    pipeline.run()

    assert pipeline.branches() == ["main"]
    assert pipeline.calls.read_text() == ""
