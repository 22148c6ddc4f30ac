"""A small template of its own, so that these tests say nothing about the real one."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from trellis import cli
from trellis.template import source
from trellis.template import version as template

PACKAGE = Path(source.__file__).parents[1]

COPIER_YML = """\
_min_copier_version: "9.18"
_subdirectory: template/service
_envops:
  undefined: jinja2.StrictUndefined
  keep_trailing_newline: true

project_name:
  type: str
  help: What is it called?
  default: Tiny
  validator: >-
    {% from pathjoin("template", "rules.jinja") import text %}{{ text(project_name) }}
author_name: {type: str, default: ""}
author_email: {type: str, default: ""}
python_version: {type: str, default: "3.13", choices: ["3.13", "3.11", "3.12", "3.14"]}
api: {type: str, help: "Which API?", default: async, choices: [async, sync]}
orm: {type: str, default: sqlalchemy, choices: {SQLAlchemy: sqlalchemy, SQLModel: sqlmodel}}
database: {type: str, default: sqlite, choices: [sqlite, postgres]}
docker: {type: bool, default: true}
resources:
  type: yaml
  help: What does it store?
  ask: false
  default:
    - name: task
      fields:
        - {name: title, type: string, max_length: 200}
  validator: >-
    {% from pathjoin("template", "rules.jinja") import named %}{{ named(resources) }}
slug:
  type: str
  when: false
  default: "{{ project_name | lower | replace(' ', '-') }}"
"""

RULES = """\
{% macro text(value) %}
{%- if not value %}must not be empty{% endif %}
{%- if "\\x07" in value %}must be printable; remove U+0007{% endif %}
{%- endmacro %}
{% macro named(resources) %}
{%- for r in resources %}
{%- set place = "resources[%s]" % loop.index0 %}
{%- if r.name == "class" %}{{ place }}.name: 'class' is a keyword{{ "\\n" }}{% endif %}
{%- for f in r.fields %}
{%- if f.type == "reference" and f.to not in resources | map(attribute="name") %}
{{- "%s.fields[%s].to: there is no %r\\n" % (place, loop.index0, f.to) }}
{%- endif %}
{%- if f.type == "strng" %}
{{- "%s.fields[%s].type: 'strng' is not a field type\\n" % (place, loop.index0) }}
{%- endif %}
{%- endfor %}
{%- endfor %}
{%- endmacro %}
"""

SERVICE = {
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml -}}\n",
    ".gitignore": ".env\n.venv\n",
    ".env.example": "SECRET=\n",
    "README.md.jinja": "# {{ project_name }}\n",
    "pyproject.toml.jinja": '[project]\nname = "{{ slug }}"\nversion = "0.1.0"\n',
    "app/{% yield r from resources %}{{ r.name }}.py{% endyield %}.jinja": (
        "NAME = '{{ r.name }}'\n"
    ),
}


def write_template(root: Path) -> Path:
    """The tiny template as files."""
    for name, text in {"copier.yml": COPIER_YML, "template/rules.jinja": RULES}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name, text in SERVICE.items():
        path = root / "template/service" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def git(folder: Path, *words: str) -> str:
    """Git, as somebody."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", *identity, *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit_all(folder: Path, message: str, tag: str | None = None) -> None:
    """Everything committed, and released under a tag."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "-b", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    if tag:
        git(folder, "tag", tag)


@dataclass(frozen=True)
class Result:
    """What a run of the command line left."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def surroundings(tmp_path_factory, monkeypatch):
    """A home without configuration, a git identity, a `uv` that needs no network."""
    home = tmp_path_factory.mktemp("home")
    (home / "bin").mkdir()
    (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    install_tool(
        home / "bin" / "uv",
        """
        case "$1" in
          lock) echo "version = 1" > uv.lock ;;
          sync) mkdir -p .venv ;;
        esac
        """,
    )
    for name in [name for name in os.environ if name.startswith(("GIT_", "TRELLIS_", "COPIER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("PATH", f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return home


def install_tool(path: Path, script: str) -> None:
    """A program for PATH."""
    path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    path.chmod(0o755)


@pytest.fixture
def tiny(tmp_path):
    """The tiny template, released as v1.0.0."""
    root = write_template(tmp_path / "tiny")
    commit_all(root, "First release", "v1.0.0")
    return root


@pytest.fixture
def work(tmp_path, monkeypatch):
    """An empty folder that commands run in."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def trellis(tiny, work, monkeypatch, capsys):
    """Runs a command line in this process, on the tiny template as if it were our own."""
    monkeypatch.setattr(source, "checkout", lambda: tiny)
    template._own.cache_clear()

    def run(*words: str) -> Result:
        capsys.readouterr()
        code = cli.run(words)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    yield run
    template._own.cache_clear()


@pytest.fixture
def installed(tiny):
    """The command to run Trellis in a process of its own, the tiny template its checkout's."""
    shutil.copytree(
        PACKAGE, tiny / "generator/trellis", ignore=shutil.ignore_patterns("__pycache__")
    )
    commit_all(tiny, "Second release", "v1.1.0")
    code = f"import sys; sys.path.insert(0, {str(tiny / 'generator')!r}); "
    return [sys.executable, "-c", code + "from trellis.cli import main; main()"]
