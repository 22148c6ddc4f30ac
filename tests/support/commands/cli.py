"""Runs the command line in this process or another, with a known git configuration and home."""

import json
import os
import subprocess
import sys
import tarfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

import trellis
from trellis import cli

ROOT = Path(trellis.__file__).resolve().parents[2]
# Resources in shorthand.
USER = (
    "user email:email:unique name:string:100:min_length=1 age:integer:optional "
    "role:enum:admin,editor,viewer:default=viewer"
)
POST = "post title:string:200 body:text published_at:datetime:optional:index author:ref:user"
COMMENT = "comment body:text post:ref:post:cascade"
BLOG = (USER, POST, COMMENT)


@dataclass(frozen=True)
class Result:
    """The exit code and the output of a run."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


def run_in_process(capsys, *words):
    """Runs a command line here, in the current folder."""
    capsys.readouterr()
    code = cli.run(words)
    captured = capsys.readouterr()
    return Result(code, captured.out, captured.err)


def command(template, hook=""):
    """The command that runs Trellis in another process, with the template as its checkout."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'generator')!r}); "
        "from pathlib import Path; from trellis import cli; "
        "from trellis.template import source; "
        f"source.find_checkout = lambda: Path({str(template)!r})\n{hook}\ncli.main()"
    )
    return [sys.executable, "-c", code]


def isolate(monkeypatch, home):
    """Hides the machine's configuration from this test, except for `home`."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "TRELLIS_", "COPIER_"))]:
        monkeypatch.delenv(name)
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
    return home


def environment(home):
    """A home without configuration, a git identity, a `uv` that needs no network."""
    (home / "bin").mkdir()
    (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    install_tool(
        home / "bin/uv",
        """
        case "$1" in
          lock) cksum pyproject.toml > uv.lock ;;
          sync) mkdir -p .venv ;;
        esac
        """,
    )
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }


def install_tool(path, script):
    """Writes a shell script that replaces a program."""
    path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    path.chmod(0o755)


def git(folder, *words):
    """Runs git as Ada; returns its output."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    words = ["git", *identity, *words]
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder, message="Work", tag=None):
    """Commits everything. Creates the repository if it is missing, and a tag if one is given."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "-b", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    if tag:
        git(folder, "tag", tag)


def files(folder):
    """The files of a folder, without those of git and of tools."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", ".venv", "__pycache__"} & set(path.parts)
    }


def edit(path, old, new):
    """Replaces text in a file. The text must occur."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def unpack(archive, folder):
    """Unpacks a tar archive. The first releases of Python 3.11 have no `filter` argument."""
    with tarfile.open(archive) as opened:
        if hasattr(tarfile, "data_filter"):
            opened.extraction_filter = tarfile.data_filter
        opened.extractall(folder)  # noqa: S202
