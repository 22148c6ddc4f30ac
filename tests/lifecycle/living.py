"""A template in a repository of its own, services made from it, and what tests do to them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from trellis import cli
from trellis.template import source

ROOT = Path(source.__file__).resolve().parents[3]
USER = (
    "user email:email:unique name:string:100:min_length=1 age:integer:optional "
    "role:enum:admin,editor,viewer:default=viewer"
)
POST = "post title:string:200 body:text published_at:datetime:optional:index author:ref:user"
COMMENT = "comment body:text post:ref:post:cascade"
BLOG = (USER, POST, COMMENT)


@dataclass(frozen=True)
class Result:
    """What a run of the command line left."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


def git(folder, *words):
    """Git, as somebody."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", *identity, *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder, message="Work"):
    """Everything committed."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)


def make_template(root):
    """The template of this repository as it lies here, released as v1.0.0."""
    for name in ("copier.yml", "template"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, root / name)
    git(root, "init", "--quiet", "-b", "main")
    commit(root)
    git(root, "tag", "v1.0.0")
    return root


CHANGELOG = """\
# Changelog

## [Unreleased]

## [1.2.0] - 2026-03-01

### Removed
- A test went away.

## [1.1.0] - 2026-02-01

### Added
- A house rule.

## [1.0.0] - 2026-01-01

[1.2.0]: https://example.org
"""
CONTACT = "contact:\n  type: str\n  default: the team\n\nresources:\n  type: yaml"


RENAMED = "\"{{ author_email | default('') }}\""


class Versions:
    """A template of three versions: a file changed, one added, one removed, a question renamed."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "template").mkdir()
        self.root = make_template(folder / "template")
        service = self.root / "template/service"
        edit(service / "AGENTS.md.jinja", "# House rules\n", "# House rules\n\n- Be brief.\n")
        (service / "SUPPORT.md.jinja").write_text("Ask {{ author_name or 'us' }}.\n")
        edit(service / ".env.example.jinja", "# LOG_LEVEL=INFO", "# LOG_LEVEL=INFO\n# TRACE=false")
        (self.root / "CHANGELOG.md").write_text(CHANGELOG)
        self._release("v1.1.0")
        (service / "SUPPORT.md.jinja").write_text("Ask {{ contact }}.\n")
        edit(service / "Makefile", "check: lint types test", "check: types lint test")
        edit(service / "AGENTS.md.jinja", "- Be brief.\n", "- Be brief and clear.\n")
        (service / "tests/test_migrations.py").unlink()
        edit(self.root / "copier.yml", "resources:\n  type: yaml", CONTACT)
        for path in (self.root / "copier.yml", service / "pyproject.toml.jinja"):
            path.write_text(path.read_text().replace("author_email", "author_address"))
        edit(self.root / "copier.yml", 'address?\n  default: ""', f"address?\n  default: {RENAMED}")
        self._release("v1.2.0")

    def _release(self, version):
        commit(self.root, version)
        git(self.root, "tag", version)

    def at(self, version):
        """The template as it was when this version was the newest."""
        older = self.folder / version
        if not older.exists():
            self.clone(version, older)
        return older

    def clone(self, version, older):
        """A repository of one's own that ends with a version."""
        git(self.folder, "clone", "--quiet", str(self.root), str(older))
        git(older, "checkout", "--quiet", "-B", "main", version)
        for tag in git(older, "tag", "--no-merged", "HEAD").split():
            git(older, "tag", "--delete", tag)


def files(folder):
    """Everything in a folder but what git and the tools keep there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", ".venv", "__pycache__"} & set(path.parts)
    }


def edit(path, old, new):
    """One edit by hand; the text must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def command(template, hook=""):
    """The words that run Trellis in a process of its own, with the template as its checkout."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'generator')!r}); "
        "from pathlib import Path; from trellis import cli; "
        "from trellis.template import source; "
        f"source.checkout = lambda: Path({str(template)!r})\n{hook}\ncli.main()"
    )
    return [sys.executable, "-c", code]


def run_in_process(capsys, *words):
    """Runs a command line here, in the current folder."""
    capsys.readouterr()
    code = cli.run(words)
    captured = capsys.readouterr()
    return Result(code, captured.out, captured.err)


def environment(home):
    """A home without configuration, a git identity, a `uv` that needs no network."""
    (home / "bin").mkdir()
    (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    uv = home / "bin" / "uv"
    uv.write_text('#!/bin/sh\ncase "$1" in lock) cksum pyproject.toml > uv.lock ;; esac\n')
    uv.chmod(0o755)
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
