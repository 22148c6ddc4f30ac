"""`status`, `diff`, `restore` and `forget`: how a service differs from its blueprint."""

import pytest
from support.commands.cli import COMMENT, POST, USER, commit, edit, files, git

TEAMS = 'revision = "feedbeef0001"\ndown_revision = "{head}"\n'


def states(trellis):
    found = trellis("status", "--json").document["files"]
    return {state: found[state] for state in ("edited", "stale", "missing", "extra")}


def test_a_new_service_is_pristine(trellis, enter_blog):
    enter_blog()

    result = trellis("status", "--json")

    assert result.code == 0
    assert set(map(len, [v for k, v in result.document["files"].items() if k != "pristine"])) == {0}
    assert result.document["template"]["recorded"] == "v1.0.0"
    assert result.document["template"]["is_newer"] is False


def test_each_kind_of_difference_has_its_state(trellis, enter_blog):
    folder = enter_blog()
    edit(folder / "README.md", "# Blog", "# Our blog")
    (folder / "app/logs.py").unlink()
    (folder / "app/ours.py").write_text("")
    commit(folder)

    result = trellis("status")

    assert result.code == 8
    assert states(trellis) == {
        "edited": ["README.md"],
        "stale": [],
        "missing": ["app/logs.py"],
        "extra": ["app/ours.py"],
    }


def test_what_is_not_committed_yet_counts(trellis, enter_blog):
    folder = enter_blog()
    edit(folder / "README.md", "# Blog", "# Our blog")
    (folder / "app/logs.py").unlink()
    (folder / "app/ours.py").write_text("")
    (folder / "app.db").write_text("ignored")
    before = git(folder, "status", "--porcelain")

    result = trellis("status", "--json")

    found = result.document["files"]
    assert result.code == 8
    assert found["edited"] == ["README.md"]
    assert found["missing"] == ["app/logs.py"]
    assert found["extra"] == ["app/ours.py"]
    assert result.document["uncommitted"] == ["README.md", "app/logs.py", "app/ours.py"]
    assert "+# Our blog" in trellis("diff").out
    assert git(folder, "status", "--porcelain") == before


def test_after_a_verb_nothing_is_missing(trellis, enter_blog):
    enter_blog(USER, POST)
    trellis("add", "resource", *COMMENT.split())

    assert trellis("status").code == 0
    assert states(trellis) == {"edited": [], "stale": [], "missing": [], "extra": []}


def test_what_an_earlier_blueprint_rendered_is_stale(trellis, enter_blog):
    folder = enter_blog()
    before = (folder / "app/routes.py").read_bytes()
    trellis("remove", "resource", "comment")
    (folder / "app/routes.py").write_bytes(before)
    edit(folder / "README.md", "# Blog", "# Our blog")
    commit(folder)

    result = trellis("status")

    assert result.code == 8
    assert states(trellis)["stale"] == ["app/routes.py"]
    assert states(trellis)["edited"] == ["README.md"]


def test_what_an_earlier_version_rendered_is_stale(trellis, enter_blog, newer_versions):
    folder = enter_blog()
    edit(folder / "README.md", "# Blog", "# Our blog")
    edit(folder / ".copier-answers.yml", "_commit: v1.0.0", "_commit: v1.2.0")
    commit(folder)

    found = trellis("status", "--json")

    assert found.code == 8
    assert found.document["files"]["stale"] == [".env.example", "AGENTS.md", "Makefile"]
    assert found.document["files"]["missing"] == ["SUPPORT.md"]
    assert found.document["files"]["edited"] == ["README.md"]
    for path in ("AGENTS.md", "SUPPORT.md"):
        assert trellis("restore", path).code == 0
        commit(folder)
    assert states(trellis)["stale"] == [".env.example", "Makefile"]
    assert states(trellis)["missing"] == []


def test_a_table_added_after_a_migration_of_the_team_is_pristine(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    head = next((folder / "migrations/versions").glob("*_create_posts.py")).name[:12]
    (folder / "migrations/versions/feedbeef0001_likes.py").write_text(TEAMS.format(head=head))
    commit(folder)
    trellis("add", "resource", *COMMENT.split())
    commit(folder)

    assert states(trellis)["edited"] == []
    assert states(trellis)["extra"] == ["migrations/versions/feedbeef0001_likes.py"]


def test_the_difference_is_shown_from_where_we_are(trellis, enter_blog, monkeypatch):
    folder = enter_blog()
    edit(folder / "README.md", "# Blog", "# Our blog")
    edit(folder / "app/routes.py", "ROUTERS", "OURS = 1\nROUTERS")
    commit(folder)
    monkeypatch.chdir(folder / "app")

    everything, one = trellis("diff"), trellis("diff", "routes.py")

    assert "+# Our blog" in everything.out
    assert "+OURS = 1" in everything.out
    assert "--- a/app/routes.py" in one.out
    assert "README" not in one.out


@pytest.mark.parametrize("path", ["README.md", "app/logs.py"])
def test_a_file_is_restored(trellis, enter_blog, path):
    folder = enter_blog()
    before = files(folder)
    edit(folder / "README.md", "# Blog", "# Our blog")
    (folder / "app/logs.py").unlink()
    commit(folder)

    result = trellis("restore", path)

    assert result.code == 0
    assert "@@" in result.out
    assert files(folder)[path] == before[path]
    assert git(folder, "diff", "--cached", "--name-only").split() == [path]


def test_a_dry_run_restores_nothing(trellis, enter_blog):
    folder = enter_blog()
    edit(folder / "README.md", "# Blog", "# Our blog")
    commit(folder)

    result = trellis("restore", "README.md", "--dry-run")

    assert "-# Our blog" in result.out
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("READM.md", "did you mean README.md?"),
        ("app/ours.py", "the team's own"),
        ("../elsewhere", "does not hold"),
    ],
)
def test_what_is_not_rendered_is_not_restored(trellis, enter_blog, path, said):
    folder = enter_blog()
    (folder / "app/ours.py").write_text("")
    commit(folder)

    result = trellis("restore", path)

    assert result.code in {2, 7}
    assert said in result.err


def test_a_migration_is_not_written_again(trellis, enter_blog):
    folder = enter_blog()
    script = next((folder / "migrations/versions").glob("*_create_posts.py"))
    script.write_text(script.read_text() + "\n# ours\n")
    commit(folder)

    result = trellis("restore", script.relative_to(folder).as_posix())

    assert result.code == 2
    assert "stays as databases have run it" in result.err
