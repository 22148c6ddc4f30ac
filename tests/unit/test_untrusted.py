"""An untrusted template cannot run code, or copy files of this machine into a service."""

import ast
import inspect
import json
import os
import random
import sys
import textwrap
from pathlib import Path

import pytest
from support.commands.cli import commit, git
from support.commands.tiny import write_template
from trellis import cli as trellis_cli
from trellis.template import copier_adapter

CANARY = "canary: what only this machine has"
# Leaves a file when it is imported.
EXTENSION = """\
import os, pathlib
pathlib.Path(os.environ["OWNED"]).touch()
from jinja2.ext import Extension
class Evil(Extension): ...
"""
# The last document of copier.yml of each shape.
HOSTILE = {
    "an extension": "_jinja_extensions: [evil_extension.Evil]",
    "an extension that is no list": "_jinja_extensions: evil_extension.Evil",
    "an extension in a file": "!include template/more.yml",
    "an extension among the options": "_envops: {extensions: [evil_extension.Evil]}",
    "an undefined of its own": "_envops: {undefined: evil_extension.Evil}",
    "a task": "_tasks: ['touch $OWNED']",
    "a task with a condition": "_tasks: [{command: 'touch $OWNED', when: true}]",
    "a task in a file": "!include template/mo*.yml",
    "a migration": "_migrations: ['touch $OWNED']",
    "a migration of a version": "_migrations: [{version: v1.1.0, before: ['touch $OWNED']}]",
    "an object": "x: !!python/object/apply:os.system ['touch $OWNED']",
    "a module": "x: !!python/module:evil_extension",
    "a file outside": "!include ../../../../../../../../..{outside}",
    "an absolute file": "!include {outside}",
    "a subdirectory outside": "_subdirectory: ../..",
}
MORE = "_jinja_extensions: [evil_extension.Evil]\n_tasks: ['touch $OWNED']\n"
VERBS = [
    ["status"],
    ["diff"],
    ["restore", "README.md"],
    ["forget", "README.md"],
    ["update"],
    ["update", "--check"],
    ["update", "--dry-run"],
    ["update", "--to", "v1.1.0"],
    ["add", "resource", "note", "body:text"],
    ["add", "field", "task", "rank:integer:default=0"],
    ["remove", "resource", "task"],
    ["remove", "field", "task", "title"],
    ["change", "api=sync"],
]
NEW = [["new", "one", "--yes"], ["new", "two", "--dry-run"], ["new", "three", "--json"]]
# `options` reads only our own template, and `resolve` reads no template.
HARMLESS = {"options", "resolve"}


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """An untrusted template, of which v1.0.0 is harmless. Its extension can be imported."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/evil_extension.py").write_text(EXTENSION)
    (tmp_path / "outside.yml").write_text(MORE)
    (tmp_path / "secret").write_text(CANARY)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setenv("OWNED", str(tmp_path / "owned"))
    monkeypatch.setenv("SECRET_TOKEN", CANARY)
    root = write_template(tmp_path / "stranger")
    commit(root, "Harmless", "v1.0.0")
    return root


@pytest.fixture
def service(trellis, stranger, monkeypatch):
    """Changes into a service of the harmless version, in which most files were deleted."""
    folder = stranger.parent / "work/blog"
    folder.mkdir()
    answers = f"_commit: v1.0.0\n_src_path: {stranger}\nproject_name: Blog\n"
    (folder / ".copier-answers.yml").write_text(answers)
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def state(folder):
    return git(folder, "status", "--porcelain"), git(folder, "rev-parse", "HEAD")


def was_run(stranger):
    return (stranger.parent / "owned").exists() or "evil_extension" in sys.modules


def record(service, version):
    """Records another template version in the service."""
    answers = service / ".copier-answers.yml"
    lines = answers.read_text().splitlines()
    text = [f"_commit: {version}" if line.startswith("_commit:") else line for line in lines]
    answers.write_text("\n".join(text) + "\n")
    commit(service, "Say so")


def test_every_verb_is_held_against_a_hostile_template():
    named = {command.__name__ for command in trellis_cli.COMMANDS} | trellis_cli.GROUPS.keys()

    assert named - HARMLESS - {"new"} <= {words[0] for words in VERBS}


def test_all_that_copier_calls_unsafe_is_known():
    source = ast.parse(textwrap.dedent(inspect.getsource(copier_worker()._check_unsafe)))
    added = {
        call.args[0].value
        for call in ast.walk(source)
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add"
    }

    assert added == set(copier_adapter.CODE_SETTINGS)


def copier_worker():
    from copier._main import Worker

    return Worker


def verbs_for(shape):
    """All verbs for the first shape, and a third of them for each other shape.

    Only verbs that render read a subdirectory: `update --check` only looks for versions.
    """
    number = list(HOSTILE).index(shape)
    verbs = VERBS[number % 3 :: 3] if number else VERBS
    return [v for v in verbs if shape != "a subdirectory outside" or v != ["update", "--check"]]


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_template_never_runs_code(trellis, stranger, service, shape):
    outside = str(stranger.parent / "outside.yml")
    with (stranger / "copier.yml").open("a") as file:
        file.write("---\n" + HOSTILE[shape].replace("{outside}", outside) + "\n")
    (stranger / "template/more.yml").write_text(MORE)
    commit(stranger, "Hostile", "v1.1.0")
    made = [*NEW[list(HOSTILE).index(shape) % 3], "--template", str(stranger)]
    for words in (["update"], made):
        refuse(trellis, stranger, service, words)
    record(service, "v1.1.0")
    for words in verbs_for(shape):
        refuse(trellis, stranger, service, words)


def refuse(trellis, stranger, service, words):
    before = state(service)

    result = trellis(*words)

    assert not was_run(stranger), words
    assert state(service) == before, words
    assert result.code == 6, (words, result.out, result.err)
    assert "unexpected" not in result.err
    assert len(result.err.splitlines()) <= 5


@pytest.mark.parametrize("setting", ["_jinja_extensions: [evil_extension.Evil]", "_tasks: [x]"])
def test_what_copier_trusts_is_refused_all_the_same(trellis, stranger, service, home, setting):
    settings = home / ".config/copier/settings.yml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"trust: ['{stranger}', '{stranger.parent}/']\n")
    (stranger / "copier.yml").write_text(f"{setting}\n" + (stranger / "copier.yml").read_text())
    commit(stranger, "Hostile", "v1.1.0")

    for words in (["update"], [*NEW[0], "--template", str(stranger)]):
        refuse(trellis, stranger, service, words)
        assert setting.partition(":")[0] in trellis(*words).err


LINKED = "template/service"


def absolute(secret, _):
    return str(secret)


def climbing(secret, depth):
    return "../" * depth + os.path.relpath(secret, "/")


def out_and_in(secret, depth):
    return "../" * (depth + 12) + str(secret.parent)[1:] + "/../" + secret.parent.name + "/secret"


def rendered(secret, _):
    return "{{ '" + str(secret) + "' }}"


def rendered_climbing(secret, _):
    return "{{ '../' * 14 }}" + str(secret)[1:]


TARGETS = [absolute, climbing, out_and_in, rendered, rendered_climbing]


def plant(root, target, secret, place, preserved):
    """Adds a link to the secret, or to its folder, at one of the places in a template."""
    if preserved:
        text = (root / "copier.yml").read_text()
        (root / "copier.yml").write_text("_preserve_symlinks: true\n" + text)
    folder = root / LINKED
    name = {
        "a file": "leak.txt",
        "a template": "leak.txt.jinja",
        "a folder": "leak",
        "in a folder": "app/deep/leak.txt",
        "a link to a link": "leak.txt",
        "outside of what is rendered": "../leak.txt",
        "copier.yml": "../../copier.yaml",
        "the git folder": "leak.txt",
        "a macro": "../leak.jinja",
    }[place]
    link = folder / name
    link.parent.mkdir(parents=True, exist_ok=True)
    depth = len(root.parts) + len(link.relative_to(root).parts) + 6
    aim = secret.parent if place == "a folder" else secret
    goal = target(aim, depth)
    if place == "a folder":
        goal = goal.removesuffix("/secret")
    if place == "a link to a link":
        (folder / "app/hop").symlink_to(f"../{goal}" if goal.startswith("..") else goal)
        goal = "app/hop"
    if place == "the git folder":
        goal = "../../.git/config"
    if place == "a macro":
        readme = folder / "README.md.jinja"
        readme.write_text('{% include "template/leak.jinja" %}\n')
    if place == "copier.yml":
        (root / "copier.yml").unlink()
    link.symlink_to(goal)


PLACES = [
    "a file",
    "a template",
    "a folder",
    "in a folder",
    "a link to a link",
    "outside of what is rendered",
    "copier.yml",
    "the git folder",
    "a macro",
]


def shapes(count):
    """Combinations with every target and every place at least once."""
    draw = random.Random(7)  # noqa: S311
    for number in range(count):
        target, place = TARGETS[number % len(TARGETS)], PLACES[number % len(PLACES)]
        chosen = draw.choice(["update", "new"]), draw.random() < 0.5
        yield pytest.param(target, place, chosen, id=f"{target.__name__}, {place}")


@pytest.mark.parametrize(("target", "place", "chosen"), list(shapes(45)))
def test_no_file_of_this_machine_gets_into_a_service(
    trellis, stranger, service, target, place, chosen
):
    verb, preserved = chosen
    plant(stranger, target, stranger.parent / "secret", place, preserved)
    commit(stranger, "Hostile", "v1.1.0")

    words = ["update"] if verb == "update" else [*NEW[0], "--template", str(stranger)]
    result = trellis(*words)

    assert CANARY not in result.out + result.err
    # Copier renders a link's target only if the link's name ends with .jinja.
    assert result.code == 6 or target in {rendered, rendered_climbing}, result
    assert result.code in {0, 6}, result.err
    assert not leaks(stranger.parent / "work")


def leaks(folder):
    """The files that contain the secret; links are followed."""
    found = []
    for parent, _, names in os.walk(folder, followlinks=True):
        for name in names:
            path = Path(parent, name)
            found += [path] if path.exists() and CANARY.encode() in path.read_bytes() else []
    return found


@pytest.mark.parametrize("preserved", [True, False])
def test_a_link_inside_of_the_template_is_a_link_or_a_copy(trellis, stranger, service, preserved):
    if preserved:
        text = (stranger / "copier.yml").read_text()
        (stranger / "copier.yml").write_text("_preserve_symlinks: true\n" + text)
    folder = stranger / LINKED
    (folder / "docs").mkdir()
    (folder / "docs/guide.md").write_text("guide\n")
    (folder / "GUIDE.md").symlink_to("docs/guide.md")
    (folder / "docs/again").symlink_to("../docs")
    if not preserved:
        (folder / "docs/again").unlink()  # a cycle of links
    commit(stranger, "With links", "v1.1.0")

    assert trellis("update").code == 0

    assert (service / "GUIDE.md").is_symlink() == preserved
    assert (service / "GUIDE.md").read_text() == "guide\n"
    if preserved:
        assert (service / "docs/again").readlink() == Path("../docs")
    commit(service)
    found = trellis("status", "--json").document
    assert found.get("files", found).get("edited") == [], found
    assert trellis("restore", "GUIDE.md").code == 0


@pytest.mark.parametrize(
    "name", ["{{ '.git' }}/hooks/pre-commit", "app/{{ '.GIT' }}/config", "{{ '.git' }}"]
)
def test_a_template_renders_nothing_of_gits_own(trellis, stranger, service, name):
    hook = stranger / LINKED / f"{name}.jinja"
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch $OWNED\n")
    hook.chmod(0o755)
    commit(stranger, "Hostile", "v1.1.0")

    for words in (["update"], [*NEW[0], "--template", str(stranger)]):
        refuse(trellis, stranger, service, words)


@pytest.mark.parametrize(
    "expression",
    [
        "'$SECRET_TOKEN' | expandvars",
        "'~/*' | expanduser | fileglob",
        "'/etc/*' | fileglob",
        "'.' | realpath",
        "_copier_conf.settings.from_file('SECRET')",
        "''.__class__.__mro__[1].__subclasses__()",
        "self.__init__.__globals__",
        "_copier_conf.src_path.parser",
    ],
)
def test_an_expression_reads_nothing_of_this_machine(trellis, stranger, work, expression):
    secret = stranger.parent / "secret"
    expression = expression.replace("SECRET", str(secret))
    (stranger / LINKED / "README.md.jinja").write_text("{{ " + expression + " }}\n")
    commit(stranger, "Hostile", "v1.1.0")

    result = trellis("new", "blog", "--yes", "--template", str(stranger))

    assert result.code == 6, result.out
    assert not (work / "blog").exists()


def test_a_pipe_in_a_folder_is_no_template(trellis, stranger, work):
    os.mkfifo(stranger / LINKED / "pipe")

    assert trellis("new", "blog", "--yes", "--template", str(stranger / LINKED / "..")).code == 6


@pytest.mark.parametrize(
    "address",
    ["git+ext::sh -c 'touch $OWNED'", "--upload-pack=touch $OWNED;.git", "git+--help"],
)
def test_an_address_runs_no_command(trellis, stranger, service, address):
    answers = service / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace(str(stranger), json.dumps(address)))
    commit(service)

    for words in [*VERBS[::4], [*NEW[0], f"--template={address}"]]:
        refuse(trellis, stranger, service, words)


@pytest.mark.parametrize("version", ["--help", "-f", "nowhere", "v1.0.0 --orphan x", "../x"])
def test_a_version_is_never_an_option(trellis, stranger, service, version):
    record(service, json.dumps(version))
    before = state(service)

    for words in VERBS[::4]:
        assert trellis(*words).code == 6, words
        assert state(service) == before


def test_the_answers_are_read_as_data(trellis, service, stranger):
    answers = service / ".copier-answers.yml"
    answers.write_text(
        answers.read_text() + "x: !!python/object/apply:os.system ['touch $OWNED']\n"
    )
    commit(service)

    for words in VERBS[::3]:
        assert trellis(*words).code == 4
        assert not was_run(stranger)


@pytest.mark.parametrize("verb", VERBS[::3])
def test_answers_that_are_a_link_are_not_read(trellis, service, stranger, verb):
    (stranger.parent / "secret").write_text(f"{CANARY}: [")
    (service / ".copier-answers.yml").unlink()
    (service / ".copier-answers.yml").symlink_to("../../secret")
    commit(service)

    result = trellis(*verb)

    assert result.code == 7
    assert "link" in result.err
    assert CANARY not in result.err
