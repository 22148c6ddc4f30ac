"""Adding and removing fields of tables that have rows."""

import subprocess
import sys

import pytest
from support.commands.cli import POST, USER, commit, files, git

SCRIPTS = "migrations/versions/"


def outside_of_history(folder):
    left_out = {"uv.lock", ".env"}
    found = files(folder)
    return {p: d for p, d in found.items() if not p.startswith(SCRIPTS) and p not in left_out}


def words(*resources):
    return [word for text in resources for word in ("-r", text)]


def only(folder, pattern):
    found = list((folder / SCRIPTS).glob(pattern))
    assert len(found) == 1
    return found[0].read_text()


def test_adding_a_field_gives_what_making_with_it_gives(trellis, enter_blog, make_service):
    folder = enter_blog(USER, POST)

    fields = ["subtitle:string:40:optional", "stars:integer:default=0"]
    result = trellis("add", "field", "post", *fields)

    assert result.code == 0, result.err
    expected = make_service(*words(USER, " ".join([POST, *fields])))
    assert outside_of_history(folder) == outside_of_history(expected)
    assert "run 2 migrations" in result.out


def test_a_field_that_was_added_is_removed_again(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    before = files(folder)
    trellis("add", "field", "user", "nick:string:40:optional:unique")
    commit(folder)

    result = trellis("remove", "field", "user", "nick")

    assert result.code == 0, result.err
    assert "will be dropped, with its values" in result.out
    after = files(folder)
    assert {path: after[path] for path in before} == before
    added, removed = only(folder, "*_add_users_nick.py"), only(folder, "*_remove_users_nick.py")
    assert 'batch.add_column(sa.Column("nick", sa.String(length=40), nullable=True))' in added
    assert 'batch.drop_constraint(op.f("uq_users_nick"), type_="unique")' in removed
    assert added.count("def downgrade") == removed.count("def downgrade") == 1


def test_each_migration_follows_the_one_before(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    trellis("add", "field", "user", "one:text:optional", "two:text:optional")

    one, two = only(folder, "*_add_users_one.py"), only(folder, "*_add_users_two.py")

    head = next((folder / SCRIPTS).glob("*_create_posts.py")).name[:12]
    assert f'down_revision = "{head}"' in one
    assert f'down_revision = "{one.partition("Revision ID: ")[2][:12]}"' in two


def test_what_was_rendered_before_stays_as_it_is(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    before = only(folder, "*_create_users.py")
    trellis("add", "field", "user", "nick:string:40:optional")
    commit(folder)

    assert only(folder, "*_create_users.py") == before
    assert trellis("status").code == 0


def test_a_name_can_be_added_and_removed_again_and_again(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    for verb, field in [("add", "x:text:optional"), ("remove", "x")] * 2:
        assert trellis(verb, "field", "user", field).code == 0
        commit(folder)

    assert len(list((folder / SCRIPTS).glob("*_users_x.py"))) == 4


def test_a_default_of_any_type_is_given_to_the_rows_that_exist(trellis, enter_blog):
    folder = enter_blog(USER, POST)

    result = trellis(
        *("add", "field", "post", "price:decimal:10,2:default=-0.5", "count:decimal:9,0:default=7"),
        *("seen:datetime:default=2024-01-31T12:00Z", "day:date:default=2024-01-31"),
        "token:uuid:default=6BA7B810-9dad-11d1-80b4-00c04fd430c8",
        'doc:json:default={"text":["it\'s","say\\"so\\"",1.5,true],"more":{"a":"b","c":"d"}}',
    )

    assert result.code == 0, result.err
    price, seen = only(folder, "*_add_posts_price.py"), only(folder, "*_add_posts_seen.py")
    assert 'default = "-0.50"\n    if op.get_context().dialect.name == "sqlite"' in price
    assert 'default = "-50"\n' in price
    assert 'default = "2024-01-31 12:00:00.000000"\n' in seen
    assert 'default += "+00:00"\n' in seen
    for words in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *words, "--no-cache", "."]
        done = subprocess.run(ruff, cwd=folder, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_adding_twice_changes_nothing(trellis, enter_blog):
    folder = enter_blog(USER, POST)

    result = trellis("add", "field", "user", "age:integer:optional")

    assert result.code == 0
    assert "nothing to change" in result.out
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("hard:string:40", "make it optional, or give it a default"),
        ("owner:ref:user", "make it optional"),
        ("code:string:9:unique:default=x", "all have the same code"),
        ("title:text", "another"),
        ("title:string:300", 'then: make migrate && make revision m="change title"'),
        ("metadata:text:optional", "reserved"),
        ("price:decmal:optional", "did you mean decimal?"),
    ],
)
def test_a_column_that_rows_could_not_have_is_refused(trellis, enter_blog, field, said):
    folder = enter_blog(USER, POST)
    before = files(folder)

    result = trellis("add", "field", "post", field)

    assert result.code == 4
    assert said in result.err
    assert files(folder) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pots", "title"), "did you mean post?"),
        (("post", "titel"), "did you mean title?"),
        (("tag", "label"), "the only field"),
    ],
)
def test_what_is_not_there_is_not_removed(trellis, enter_blog, words, said):
    enter_blog(USER, POST, "tag label:string:40")

    result = trellis("remove", "field", *words)

    assert result.code == 4
    assert said in result.err
