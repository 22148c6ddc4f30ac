"""Two branches that each change a service, merged by git and `trellis resolve`."""

import subprocess
import sys

import pytest
from support.commands.cli import COMMENT, POST, USER, commit, edit, files, git
from trellis.change import migration_scripts
from trellis.files import File

TAG = "tag label:string:40:unique owner:ref:user"
NOTE = "note text:text at:datetime:optional"


def on_a_branch(trellis, folder, name, *words):
    git(folder, "checkout", "--quiet", "-b", name, "main")
    assert trellis(*words).code == 0
    commit(folder, name)


def merge(folder, name):
    words = ["git", "-c", "merge.conflictStyle=merge", "merge", "--quiet", "--no-edit", name]
    done = subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True)
    return done.returncode


def comparable(folder):
    """The sorted lines of all files except migrations."""
    return {
        path: sorted(data.splitlines())
        for path, data in files(folder).items()
        if not path.startswith("migrations/versions/") and path not in {".env", "uv.lock"}
    }


@pytest.mark.parametrize(
    ("base", "one", "other"),
    [((USER, POST), COMMENT, TAG), ((USER,), POST, TAG), ((USER, POST), TAG, NOTE)],
    ids=["comment and tag", "post and tag", "tag and note"],
)
def test_two_branches_that_each_add_a_resource_merge(
    trellis, enter_blog, make_service, base, one, other
):
    folder = enter_blog(*base)
    git(folder, "branch", "-M", "main")
    on_a_branch(trellis, folder, "one", "add", "resource", *one.split())
    on_a_branch(trellis, folder, "other", "add", "resource", *other.split())

    assert merge(folder, "one") == 1
    result = trellis("resolve", "--json")

    assert result.code == 0, result.out
    assert result.document["conflicts"] == result.document["problems"] == []
    assert git(folder, "diff", "--name-only", "--diff-filter=U") == ""
    git(folder, "commit", "--quiet", "--no-edit")
    assert git(folder, "status", "--porcelain") == ""
    words = [word for text in (*base, one, other) for word in ("-r", text)]
    assert comparable(folder) == comparable(make_service(*words))
    scripts = {path: File("100644", data) for path, data in files(folder).items()}
    assert migration_scripts.find_head(migration_scripts.read(scripts))
    for ruff in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *ruff, "--no-cache", "."]
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    assert trellis("add", "resource", "last", "label:text").code == 0


def test_what_somebody_has_to_look_at_stays_in_conflict(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    git(folder, "branch", "-M", "main")
    for name, word in (("one", "tag"), ("other", "note")):
        on_a_branch(trellis, folder, name, "add", "resource", word, "label:text")
        edit(folder / "README.md", "# Blog", f"# The blog of {name}")
        commit(folder)

    assert merge(folder, "one") == 1
    result = trellis("resolve")

    assert result.code == 3
    assert "still in conflict: README.md" in result.out
    assert "<<<<<<< HEAD" in (folder / "README.md").read_text()
    assert "resolved .copier-answers.yml" in result.out
    assert (folder / "README.md").read_text().count("<<<<<<<") == 1
    assert "`/tags`" in (folder / "README.md").read_text()
    edit(folder / "README.md", "<<<<<<< HEAD\n", "")
    git(folder, "add", "README.md")
    assert "which joins two heads" in trellis("resolve").out


def test_without_a_merge_there_is_nothing_to_resolve(trellis, enter_blog):
    folder = enter_blog(USER, POST)

    result = trellis("resolve")

    assert result.code == 0
    assert "nothing to resolve" in result.out
    assert git(folder, "status", "--porcelain") == ""


FIELDS = {
    "one": "subtitle:string:40:optional stars:integer:default=0 editor:ref:user:optional",
    "other": "price:decimal:10,2:optional tone:enum:light,dark:default=dark seen:date:optional",
}


def add_fields_on_branches(trellis, folder, edits=()):
    """Two branches add fields to the same resource; `edits` names those with hand edits as well."""
    git(folder, "branch", "-M", "main")
    for name, fields in FIELDS.items():
        on_a_branch(trellis, folder, name, "add", "field", "post", *fields.split())
        if name in edits:
            edit(folder / "app/posts/service.py", "import", "# Ours.\nimport")
            edit(folder / "app/posts/models.py", "sa.String(200)", "sa.String(255)")
            commit(folder)


@pytest.mark.parametrize("edited", ["", "one", "other"], ids=lambda name: f"edited {name}".strip())
def test_two_branches_that_add_fields_to_one_resource_merge(
    trellis, enter_blog, make_service, edited
):
    folder = enter_blog(USER, POST)
    add_fields_on_branches(trellis, folder, [edited])

    assert merge(folder, "one") == 1
    result = trellis("resolve", "--json")

    assert result.code == 0, result.out
    assert result.document["conflicts"] == result.document["problems"] == []
    git(folder, "commit", "--quiet", "--no-edit")
    post = f"{POST} {FIELDS['other']} {FIELDS['one']}"
    expected = comparable(make_service("-r", USER, "-r", post))
    found = comparable(folder)
    assert found["app/posts/service.py"].count(b"# Ours.") == bool(edited)
    found["app/posts/service.py"] = [x for x in found["app/posts/service.py"] if x != b"# Ours."]
    models = b"\n".join(found["app/posts/models.py"])
    assert models.count(b"sa.String(255)") == bool(edited)
    found["app/posts/models.py"] = models.replace(b"(255)", b"(200)").split(b"\n")
    assert found == expected
    assert trellis("status", "--json").document["files"]["stale"] == []


def test_one_field_that_both_branches_add_differently_stays_in_conflict(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    git(folder, "branch", "-M", "main")
    for name, length in [("one", 40), ("other", 50)]:
        words = ["add", "field", "post", f"subtitle:string:{length}:optional"]
        on_a_branch(trellis, folder, name, *words)

    assert merge(folder, "one") == 1
    result = trellis("resolve", "--json")

    assert result.code == 3
    assert ".copier-answers.yml" in result.document["conflicts"]
