"""The behaviour that all verbs that change a service share."""

import pytest
from support.commands.cli import POST, USER, commit, edit, files, git

VERBS = [
    ["add", "resource", "tag", "label:string:40", "post:ref:post"],
    ["add", "field", "post", "rank:integer:default=0"],
    ["remove", "resource", "post"],
    ["remove", "field", "user", "age"],
    ["change", "database=postgres", "ci=none"],
    ["update"],
    ["restore", "Makefile"],
]
every_verb = pytest.mark.parametrize("words", VERBS, ids=lambda words: " ".join(words[:2]))


@pytest.fixture
def folder(trellis, enter_blog, newer_versions):
    """A blog with one edited file. Newer versions of the template exist."""
    folder = enter_blog(USER, POST)
    with (folder / "Makefile").open("a") as file:
        file.write("\nours:\n\ttrue\n")
    edit(folder / "README.md", "# Blog", "# Our blog")
    commit(folder)
    return folder


def times(folder):
    found = (path for path in folder.rglob("*") if "objects" not in path.parts)
    return {path: path.lstat().st_mtime_ns for path in found}


@every_verb
def test_a_dry_run_shows_what_is_then_done_and_can_be_taken_back(trellis, folder, words):
    before, lying = files(folder), times(folder)

    planned = trellis(*words, "--dry-run", "--json")
    told = trellis(*words, "--dry-run")

    assert planned.code == told.code == 0
    assert planned.document["status"] == "planned"
    diff = planned.document["diff"]
    assert diff.count("\n@@") >= 1
    assert all(line in told.out for line in diff.splitlines() if line[:1] in "+-")
    assert times(folder) == lying

    done = trellis(*words, "--json")

    assert done.code == 0
    assert done.document["status"] in {"changed", "restored"}
    assert done.document["diff"] == diff
    assert done.document.get("problems", []) == []
    assert words[0] == "restore" or diff == git(folder, "diff", "HEAD", ":!uv.lock")
    assert git(folder, "diff") == ""
    assert "# Our blog" in (folder / "README.md").read_text()
    back = done.document.get("abort", "git reset --hard")
    git(folder, *back.split()[1:])
    assert files(folder) == before


@every_verb
@pytest.mark.parametrize("state", ["edited", "untracked", "staged"])
def test_what_is_not_committed_is_refused(trellis, folder, words, state):
    if state == "untracked":
        (folder / "notes.txt").write_text("mine")
    else:
        edit(folder / "README.md", "# Our blog", "# Their blog")
    if state == "staged":
        git(folder, "add", "README.md")
    before = files(folder)

    for options in ([], ["--dry-run"], ["--json"]):
        result = trellis(*words, *options)

        assert result.code == 7
        assert "not committed" in result.out + result.err
        assert len(result.err.splitlines()) <= 5
        assert ("--json" in options) == (not result.err)
    assert result.document["error"]["exit_code"] == 7
    assert files(folder) == before


@every_verb
def test_nothing_is_changed_outside_of_git(trellis, folder, words):
    (folder / ".git").rename(folder.parent / "kept")
    before = files(folder)

    result = trellis(*words)

    assert result.code == 7
    assert "not in a git repository" in result.err
    assert files(folder) == before
