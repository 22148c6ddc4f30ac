"""Updating services through the versions of their template."""

import pytest
from support.commands.cli import COMMENT, POST, USER, commit, edit, files, git
from trellis.template import bundle, source


@pytest.fixture(params=["checkout", "bundle", "git url"])
def at(request, versions, trellis, tmp_path, monkeypatch):
    """Makes a service of one version. All versions exist afterwards."""
    folder = tmp_path / "work/blog"
    template = tmp_path / "template"
    words = ["-r", USER, "-r", POST]
    if request.param == "git url":
        words += ["--template", f"git+file://{template}"]

    def offer():
        if request.param == "bundle":
            bundle.build(template, tmp_path / "template.bundle")

    def make(version):
        versions.clone(version, template)
        offer()
        if request.param == "bundle":
            monkeypatch.setattr(source, "find_checkout", lambda: None)
            monkeypatch.setattr(source, "find_bundle", lambda: tmp_path / "template.bundle")
        else:
            monkeypatch.setattr(source, "find_checkout", lambda: template)
        made = trellis("new", "blog", "--yes", "--no-install", *words)
        assert made.code == 0, made.err
        git(template, "fetch", "--quiet", "--tags", str(versions.root))
        git(template, "checkout", "--quiet", "-B", "main", "v1.2.0")
        offer()
        monkeypatch.chdir(folder)
        return folder

    return make


def newest(trellis, folder, versions, monkeypatch):
    """The files that the newest version renders."""
    monkeypatch.chdir(folder.parent)
    words = ["-r", USER, "-r", POST]
    assert trellis("new", "newest", "--name", "Blog", "--yes", "--no-install", *words).code == 0
    return folder.parent / "newest"


def without_source(folder):
    found = files(folder)
    lines = found[".copier-answers.yml"].splitlines()
    found[".copier-answers.yml"] = sorted(x for x in lines if not x.startswith(b"_src_path"))
    found.pop(".env")
    return found


@pytest.mark.parametrize("version", ["v1.0.0", "v1.1.0"])
def test_an_untouched_service_becomes_what_the_newest_renders(
    trellis, at, versions, monkeypatch, version
):
    folder = at(version)

    result = trellis("update", "--json")

    assert result.code == 0, result.out
    assert result.document["template"] == "v1.2.0"
    expected = newest(trellis, folder, versions, monkeypatch)
    assert without_source(folder) == without_source(expected)
    monkeypatch.chdir(folder)
    commit(folder)
    assert trellis("status").code == 0
    assert trellis("update", "--json").document["status"] == "unchanged"


@pytest.mark.parametrize("version", ["v1.0.0", "v1.1.0"])
def test_an_edited_service_keeps_its_edits(trellis, at, version):
    folder = at(version)
    edit(folder / "README.md", "# Blog", "# Our blog")
    edit(folder / "AGENTS.md", "# House rules\n", "# House rules\n\n- Ours first.\n")
    edit(folder / "tests/test_migrations.py", '"""The', '"""Ours: the')
    (folder / "Makefile").unlink()
    commit(folder)

    result = trellis("update", "--json")

    assert result.code == 3
    conflicts = result.document["conflicts"]
    assert conflicts == ["AGENTS.md", "tests/test_migrations.py"]
    assert result.document["left_out"] == ["Makefile"]
    assert not (folder / "Makefile").exists()
    assert "# Our blog" in (folder / "README.md").read_text()
    assert "- Ours first." in (folder / "AGENTS.md").read_text()
    assert '"""Ours: the' in (folder / "tests/test_migrations.py").read_text()
    assert (folder / "SUPPORT.md").read_text() == "Ask the team.\n"


def test_the_answer_to_a_renamed_question_is_kept(trellis, at):
    folder = at("v1.0.0")
    trellis("change", "author_email=ada@example.org", "author_name=Ada")
    commit(folder)

    result = trellis("update")

    assert result.code == 0, result.err
    assert "author_address is new, and taken to be 'ada@example.org'" in result.out
    answers = (folder / ".copier-answers.yml").read_text()
    assert "author_address: ada@example.org" in answers
    assert "author_email" not in answers
    assert "ada@example.org" in (folder / "pyproject.toml").read_text()


def test_the_notes_say_what_is_new_and_what_is_gone(trellis, at):
    at("v1.0.0")

    result = trellis("update", "--dry-run")

    assert "## [1.2.0] - 2026-03-01" in result.out.splitlines()
    assert "- A house rule." in result.out.splitlines()
    assert "1.0.0]" not in result.out.partition("diff --git")[0]
    assert "settings that are new: TRACE" in result.out
    assert "no longer asked for: author_email" in result.out
    assert "contact is new, and taken to be 'the team'" in result.out


def test_a_version_can_be_named(trellis, at):
    folder = at("v1.0.0")

    assert trellis("update", "--to", "1.1.0").code == 0

    assert "- Be brief.\n" in (folder / "AGENTS.md").read_text()
    assert "_commit: v1.1.0" in (folder / ".copier-answers.yml").read_text()


def test_resources_are_added_in_the_recorded_version(trellis, at):
    folder = at("v1.0.0")

    assert trellis("add", "resource", *COMMENT.split()).code == 0

    assert not (folder / "SUPPORT.md").exists()
    assert "_commit: v1.0.0" in (folder / ".copier-answers.yml").read_text()


def test_a_downgrade_is_refused(trellis, at):
    folder = at("v1.1.0")

    result = trellis("update", "--to", "v1.0.0")

    assert result.code == 2
    assert "older than v1.1.0" in result.err
    assert git(folder, "status", "--porcelain") == ""


def test_a_version_that_is_nowhere_is_refused(trellis, at):
    at("v1.1.0")

    assert trellis("update", "--to", "v9.9.9").code == 6


def test_looking_for_a_newer_version_has_a_code_of_its_own(trellis, at):
    folder = at("v1.1.0")

    result = trellis("update", "--check")

    assert result.code == 8
    assert "v1.2.0 is newer than v1.1.0" in result.out
    assert "A test went away" in result.out
    told = trellis("update", "--check", "--json")
    assert told.code == 8
    assert told.document | {"release_notes": ""} == {
        "recorded": "v1.1.0",
        "newest": "v1.2.0",
        "is_newer": True,
        "release_notes": "",
    }
    assert git(folder, "status", "--porcelain") == ""
    trellis("update")
    commit(folder)
    assert trellis("update", "--check").code == 0


def test_a_recorded_version_that_is_not_carried_is_named(trellis, at, versions, request):
    if "git url" in request.node.name:
        pytest.skip("about the versions that are carried along")
    folder = at("v1.1.0")
    edit(folder / ".copier-answers.yml", "_commit: v1.1.0", "_commit: v7.0.0")
    commit(folder)

    result = trellis("add", "resource", *COMMENT.split())

    assert result.code == 6
    assert "does not have version v7.0.0" in result.err
