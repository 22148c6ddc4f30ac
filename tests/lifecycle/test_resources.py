"""Adding and removing resources of a service that a team has edited."""

import pytest
from support.commands.cli import BLOG, COMMENT, POST, USER, commit, edit, files, git

TEAMS = '''\
"""likes"""

import sqlalchemy as sa
from alembic import op

revision: str = "feedbeef0001"
down_revision: str | None = "{head}"


def upgrade() -> None:
    op.add_column("posts", sa.Column("likes", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("posts", "likes")
'''


def add(trellis, resource):
    name, *fields = resource.split()
    return trellis("add", "resource", name, *fields)


def migration(folder, words):
    return next((folder / "migrations/versions").glob(f"*_{words}.py"))


def test_adding_gives_what_making_with_it_gives(trellis, enter_blog, make_service):
    folder = enter_blog(USER, POST)

    result = add(trellis, COMMENT)

    assert result.code == 0
    words = [word for text in BLOG for word in ("-r", text)]
    assert files(folder) == files(make_service(*words))


def test_each_resource_added_alone_gives_what_all_at_once_give(trellis, enter_blog, make_service):
    folder = enter_blog(choices=("-d", "resources=[]"))

    for resource in BLOG:
        assert add(trellis, resource).code == 0
        commit(folder)

    words = [word for text in BLOG for word in ("-r", text)]
    assert files(folder) == files(make_service(*words))


def test_a_default_may_have_spaces_in_it(trellis, enter_blog):
    folder = enter_blog(USER, POST)

    result = trellis(
        "add", "resource", "tag", "label:string:40:default=to be done", "a:text b:text"
    )

    assert result.code == 0, result.err
    assert 'default="to be done"' in (folder / "app/tags/models.py").read_text()
    assert "  b: " in (folder / "app/tags/models.py").read_text()


def test_a_default_is_rendered_alike_however_its_keys_are_recorded(trellis, enter_blog):
    folder = enter_blog(USER, POST)

    assert trellis("add", "resource", "tag", 'doc:json:default={"b":1,"a":{"d":2,"c":3}}').code == 0
    commit(folder)

    assert trellis("status", "--json").document["files"]["edited"] == []
    assert trellis("add", "field", "tag", "more:json:optional").code == 0


def test_adding_twice_changes_nothing(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    add(trellis, COMMENT)
    commit(folder)

    result = add(trellis, COMMENT)

    assert result.code == 0
    assert "nothing to change" in result.out
    assert git(folder, "status", "--porcelain") == ""


def test_adding_another_of_the_same_name_is_refused(trellis, enter_blog):
    folder = enter_blog()
    before = files(folder)

    result = trellis("add", "resource", "post", "text:text")

    assert result.code == 4
    assert "already" in result.err
    assert files(folder) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("class label:text", "keyword"),
        ("model label:text", "models"),
        ("Tag label:text", "Tag"),
        ("tag_ label:text", "tag_"),
        ("people label:text plural=users", "users"),
        ("tag", "trellis add resource --help"),
        ("tag label", "write: label:string:200"),
        ("tag label:text label:string", "label"),
        ("tag owner:ref:nobody", "nobody"),
        ("tag metadata:text", "metadata"),
        ("tag stars:integer:default=many", "fields[0].default: must be a whole number"),
        ("tag label:strin:40", "did you mean string?"),
        ("tag label:text\x1b[2J", "not a field type"),
        (f"{'a' * 31} label:text", "at most 30"),
    ],
)
def test_what_gives_no_working_code_is_refused(trellis, enter_blog, words, said):
    folder = enter_blog(USER, POST)
    before = files(folder)

    result = trellis("add", "resource", *words.split(" "))

    assert result.code in {2, 4}
    assert said in result.err
    assert len(result.err.splitlines()) <= 5
    assert "\x1b" not in result.err
    assert files(folder) == before


def test_removing_what_was_added_gives_what_was_before(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    before = files(folder)
    add(trellis, COMMENT)
    commit(folder)

    result = trellis("remove", "resource", "comment")

    assert result.code == 0
    after = files(folder)
    new = sorted(name.partition("_")[2] for name in set(after) - set(before))
    assert new == ["create_comments.py", "drop_comments.py"]
    assert {name: after[name] for name in before} == before


def test_a_name_can_be_removed_and_added_again(trellis, enter_blog):
    folder = enter_blog()
    for verb in ("remove", "add", "remove", "add"):
        fields = COMMENT.split()[2:] if verb == "add" else []
        assert trellis(verb, "resource", "comment", *fields).code == 0
        commit(folder)

    scripts = sorted((folder / "migrations/versions").glob("*_comments.py"))
    assert len(scripts) == 5
    assert len({script.name[:12] for script in scripts}) == 5


def test_the_same_steps_give_the_same_migrations_anywhere(trellis, enter_blog, monkeypatch):
    first = enter_blog()
    trellis("remove", "resource", "comment")
    monkeypatch.chdir(first.parent)
    first.rename(first.with_name("first"))
    second = enter_blog()

    trellis("remove", "resource", "comment")

    assert files(second) == files(first.with_name("first"))


def test_what_is_referred_to_is_not_removed(trellis, enter_blog):
    folder = enter_blog()
    before = files(folder)

    result = trellis("remove", "resource", "user")

    assert result.code == 4
    assert "post.author" in result.err
    assert files(folder) == before


def test_a_misspelt_resource_is_not_removed(trellis, enter_blog):
    enter_blog()

    result = trellis("remove", "resource", "comments")

    assert result.code == 4
    assert "did you mean comment?" in result.err


def test_a_new_table_follows_the_teams_own_migration(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    head = migration(folder, "create_posts").name[:12]
    (folder / "migrations/versions/feedbeef0001_likes.py").write_text(TEAMS.format(head=head))
    commit(folder)

    assert add(trellis, COMMENT).code == 0

    script = migration(folder, "create_comments").read_text()
    assert 'down_revision = "feedbeef0001"' in script
    assert "Revises: feedbeef0001" in script


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEAMS.format(head="448240a36db1"), "2 heads"),
        ("def upgrade(:", "is no Python"),
        ("revision = make()\ndown_revision = None\n", "plain string"),
        (TEAMS.format(head="nowhere"), "which does not exist"),
    ],
)
def test_a_history_that_has_no_single_end_is_refused(trellis, enter_blog, text, said):
    folder = enter_blog(USER, POST)
    (folder / "migrations/versions/feedbeef0001_likes.py").write_text(text)
    commit(folder)
    before = files(folder)

    result = add(trellis, COMMENT)

    assert result.code == 7
    assert said in result.err
    assert files(folder) == before


def test_edits_stay_and_conflicts_are_named(trellis, enter_blog):
    folder = enter_blog()
    edit(folder / "app/routes.py", "ROUTERS = [\n", "ROUTERS = [\n    mine,\n")
    edit(folder / "app/comments/service.py", "def ", "def mine_too() -> None: ...\n\n\ndef ")
    commit(folder)
    before = files(folder)

    result = trellis("remove", "resource", "comment", "--json")

    assert result.code == 3
    assert result.document["conflicts"] == ["app/comments/service.py"]
    assert "    mine,\n" in (folder / "app/routes.py").read_text()
    assert "mine_too" in (folder / "app/comments/service.py").read_text()
    assert trellis("remove", "resource", "comment").code == 7
    git(folder, *result.document["abort"].split()[1:])
    assert files(folder) == before
    assert git(folder, "status", "--porcelain") == ""


def test_a_conflict_without_markers_says_how_it_ends(trellis, enter_blog):
    folder = enter_blog()
    edit(folder / "app/comments/service.py", "def ", "def mine_too() -> None: ...\n\n\ndef ")
    commit(folder)

    result = trellis("remove", "resource", "comment")

    assert "  ! app/comments/service.py (deleted on one side)" in result.out.splitlines()
    assert "git add keeps it, git rm does not" in result.out
    assert "<<<<<<<" not in result.out


def test_a_conflict_inside_a_file_has_the_usual_markers(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    edit(folder / "app/posts/service.py", "async def create_post(", "async def write_post(")
    commit(folder)

    result = trellis("change", "api=sync")

    assert result.code == 3
    text = (folder / "app/posts/service.py").read_text()
    assert "<<<<<<< yours\nasync def write_post(" in text
    assert "=======\ndef create_post(" in text
    assert ">>>>>>> trellis" in text


def test_the_lock_is_renewed_beside_the_merge(trellis, enter_blog):
    folder = enter_blog("task title:string:100")
    before = (folder / "uv.lock").read_text()

    result = trellis("change", "database=postgres", "--json")

    assert result.document["done"] == ["renewed uv.lock; uv sync installs it"]
    assert (folder / "uv.lock").read_text() != before


def test_a_lock_that_cannot_be_renewed_is_left_to_do(trellis, enter_blog):
    folder = enter_blog("task title:string:100")
    before = (folder / "uv.lock").read_bytes()

    result = trellis("change", "database=postgres", "--no-lock", "--json")

    assert result.document["todo"][0]["command"] == "uv lock && uv sync"
    assert (folder / "uv.lock").read_bytes() == before


def test_a_service_in_a_larger_repository_is_changed_alone(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    git(folder, "rev-parse", "HEAD")
    outer = folder.parent
    living_git = folder / ".git"
    living_git.rename(outer / ".old-git")
    git(outer, "init", "--quiet")
    (outer / ".gitignore").write_text(".old-git\n.env\n")
    commit(outer)
    (outer / "beside.txt").write_text("mine")

    result = add(trellis, COMMENT)

    assert result.code == 0
    assert (folder / "app/comments/models.py").exists()
    assert "git restore" in result.out
    git(folder, "restore", "--source=HEAD", "--staged", "--worktree", "--", ".")
    assert git(outer, "status", "--porcelain") == "?? beside.txt\n"


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_outside_of_a_service_nothing_can_be_added(trellis, place):
    result = add(trellis, COMMENT)

    assert result.code == 7
    assert ".copier-answers.yml" in result.err
