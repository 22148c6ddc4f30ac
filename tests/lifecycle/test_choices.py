"""Changing choices of a service that a team has edited."""

import itertools

import pytest
from support import matrix
from support.commands.cli import COMMENT, ROOT, commit, edit, files, git
from support.services.renderings import BLUEPRINTS
from trellis.template import version as template

AXES = {"api": ("async", "sync"), "orm": ("sqlalchemy", "sqlmodel")}
AXES["database"] = ("sqlite", "postgres")
CORE = list(itertools.product(*AXES.values()))


FIRST = ROOT / "tests/blueprints/blog.yml"
FROM = ("--from", str(FIRST), "--name", BLUEPRINTS["blog"]["project_name"], "--python", "3.13")
OTHERS = [
    (key, value, values[0])
    for key, values in matrix.choices().items()
    for value in values[1:]
    if key not in AXES
]
TEXTS = {
    "project_name": 'Zoë\'s "Diary" #1',
    "description": "For \"us\" & 'them' \\ {{ app }}",
    "author_name": "Zoë",
    "author_email": "zoe@example.org",
}


def template_of(folder):
    """The rendered files: all but uv.lock and .env, which other programs write."""
    found = {p: data for p, data in files(folder).items() if p not in {"uv.lock", ".env"}}
    answers = found[".copier-answers.yml"].splitlines()
    # The address and the version of the template. A rendering without git has neither.
    kept = [line for line in answers if not line.startswith((b"_src_path", b"_commit"))]
    return found | {".copier-answers.yml": kept}


def flags(variant):
    return [word for key, value in zip(AXES, variant, strict=True) for word in (f"--{key}", value)]


def assignments(values):
    words = {True: "true", False: "false"}
    return [f"{key}={words.get(value, value)}" for key, value in values.items()]


@pytest.mark.parametrize("origin", CORE, ids="-".join)
def test_every_core_variant_becomes_every_other(trellis, enter_service, rendered, origin):
    """tests/variants runs the checks of the same files."""
    folder = enter_service(*FROM, *flags(origin))
    for target in CORE:
        choices = dict(zip(AXES, target, strict=True))
        expected = template_of(rendered(BLUEPRINTS["blog"], choices).path)
        assert (template_of(folder) == expected) == (target == origin)
        if target == origin:
            continue

        result = trellis("change", *assignments(choices))

        assert result.code == 0, result.err
        assert template_of(folder) == expected
        git(folder, "reset", "--quiet", "--hard")
        git(folder, "clean", "--quiet", "--force", "-d")


@pytest.mark.parametrize(
    ("change", "origin"),
    list(zip(OTHERS, itertools.cycle(CORE), strict=False)),
    ids=lambda words: "-".join(map(str, words[:2])),
)
def test_every_choice_gives_what_making_with_it_gives_and_goes_back(
    trellis, enter_service, rendered, change, origin
):
    key, value, default = change
    folder = enter_service(*FROM, *flags(origin))
    before = template_of(folder)
    choices = dict(zip(AXES, origin, strict=True)) | {key: value}

    result = trellis("change", *assignments({key: value}))

    assert result.code == 0, result.err
    assert template_of(folder) == template_of(rendered(BLUEPRINTS["blog"], choices).path)
    commit(folder)
    assert trellis("change", *assignments({key: default})).code == 0
    assert template_of(folder) == before


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_gives_what_making_with_it_gives(trellis, enter_service, rendered, key):
    folder = enter_service(*FROM)

    result = trellis("change", f"{key}={TEXTS[key]}")

    assert result.code == 0, result.err
    texts = {key: TEXTS[key]}
    assert template_of(folder) == template_of(rendered(BLUEPRINTS["blog"], texts).path)


def test_no_question_is_left_out():
    proven = {*AXES, *TEXTS, *(key for key, _, _ in OTHERS)}

    assert {question.name for question in template.open_own().questions} == {*proven, "resources"}


def test_all_choices_change_at_once(trellis, enter_service, rendered):
    folder = enter_service(*FROM)
    last = {key: values[-1] for key, values in matrix.choices().items()}

    result = trellis("change", *assignments(last))

    assert result.code == 0, result.err
    assert template_of(folder) == template_of(rendered(BLUEPRINTS["blog"], last).path)


def test_there_and_back_is_as_before(trellis, enter_blog):
    folder = enter_blog()
    before = template_of(folder)
    for values in (["database=postgres", "api=sync"], ["api=async", "database=sqlite"]):
        assert trellis("change", *values).code == 0
        commit(folder)

    assert template_of(folder) == before


def test_the_choice_that_is_made_already_changes_nothing(trellis, enter_blog):
    folder = enter_blog()

    result = trellis("change", "database=sqlite", "--json")

    assert result.document["status"] == "unchanged"
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "words",
    [
        ["add", "field", "post", "rank:integer:default=0"],
        ["change", "database=postgres", "ci=none"],
        ["update"],
        ["restore", "README.md"],
    ],
    ids=lambda words: words[0],
)
def test_a_verb_that_is_run_twice_changes_nothing_the_second_time(
    trellis, enter_blog, newer_versions, words
):
    folder = enter_blog()
    edit(folder / "README.md", "# Blog", "# Our blog")
    commit(folder)
    assert trellis(*words).code == 0
    assert git(folder, "status", "--porcelain") != ""
    commit(folder)

    again = trellis(*words, "--json")

    assert again.document["status"] == "unchanged"
    assert git(folder, "status", "--porcelain") == ""


def test_moving_to_postgres_says_what_is_not_moved(trellis, enter_blog):
    enter_blog()

    result = trellis("change", "database=postgres", "--dry-run")

    assert "no data is moved" in result.out
    assert "app.db, if there is one, is not ignored by git any more" in result.out
    assert "TEST_DATABASE_URL" in result.out
    assert "dependencies that are gone: aiosqlite" in result.out
    assert "dependencies that are new: asyncpg (uv sync installs them)" in result.out


def test_migrations_stay_and_primary_keys_with_them(trellis, enter_blog):
    folder = enter_blog()
    trellis("remove", "resource", "comment")
    commit(folder)
    before = files(folder)

    result = trellis("change", "primary_key=uuid7")

    assert result.code == 4
    assert "migrations beyond the rendered ones" in result.err
    assert files(folder) == before


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("databse=postgres", "did you mean database?"),
        ("database=postgre", "did you mean postgres?"),
        ("database", "has no value"),
        ("resources=[]", "trellis add resource"),
        ("docker=perhaps", "true or false"),
        ("project_name=a\x07", "remove character 2 (\\x07)"),
        ("project_name=☕", "project_name"),
        ("author_email=ada@", "author_email"),
        ("description=" + "x" * 513, "512"),
        ("_commit=v9", "_commit"),
    ],
)
def test_what_cannot_be_chosen_is_refused(trellis, enter_blog, word, said):
    folder = enter_blog()
    before = files(folder)

    result = trellis("change", word)

    assert result.code in {2, 4}
    assert said in result.err
    assert files(folder) == before


def edit_ten_files(folder):
    """Edits ten files as a team would. Returns the lines that must not be lost."""
    edit(folder / "README.md", "# Blog", "# Blog\n\nOur own words stay.")
    edit(
        folder / "app/posts/router.py",
        "\n\n@router.",
        "\n\n\n@router.get('/mine')\ndef mine(): ...\n\n\n@router.",
    )
    edit(folder / "app/posts/models.py", "    body:", "    likes: Mapped[int | None]\n    body:")
    head = next((folder / "migrations/versions").glob("*_create_comments.py")).name[:12]
    (folder / "migrations/versions/feedbeef0001_likes.py").write_text(
        f'revision = "feedbeef0001"\ndown_revision = "{head}"\n\n\ndef upgrade(): ...\n'
    )
    edit(folder / "app/users/service.py", "create_user", "register_user")
    edit(folder / "app/users/router.py", "create_user", "register_user")
    edit(folder / "app/settings.py", "262_144", "524_288")
    (folder / "compose.yaml").unlink()
    edit(folder / "pyproject.toml", '    "uvicorn', '    "stamina>=25",\n    "uvicorn')
    edit(folder / "Makefile", "lint:", "ship:  ## ship it\n\t./ship\n\nlint:")
    edit(folder / "app/logs.py", '"""', '"""Ours. ')
    commit(folder)


def edited_lines(folder):
    """The lines that the last commit has added to each file, and those that it has removed."""
    found, path = {}, ""
    for line in git(folder, "diff", "--unified=0", "--no-renames", "HEAD~1", "HEAD").splitlines():
        if line.startswith("diff --git"):
            path = line.rpartition(" b/")[2]
            found[path] = ([], [])
        elif line[:1] in "+-" and not line.startswith(("+++", "---")) and line[1:].strip():
            found[path]["+-".index(line[0])].append(line[1:])
    return found


@pytest.mark.parametrize(
    ("words", "conflicts"),
    [
        (["add", "resource", "tag", "label:string:40", "post:ref:post"], []),
        (["change", "database=postgres"], []),
        (["update"], []),
        (["change", "api=sync"], None),
        (["remove", "resource", COMMENT.split()[0]], []),
    ],
    ids=lambda words: " ".join(words[:2]) if isinstance(words, list) else "",
)
def test_no_edited_line_is_lost(trellis, enter_blog, newer_versions, words, conflicts):
    folder = enter_blog()
    edit_ten_files(folder)
    lines, before = edited_lines(folder), files(folder)
    assert len(lines) == 11

    result = trellis(*words, "--json")

    assert result.code in {0, 3}, result.out
    found = result.document["conflicts"]
    assert (result.code == 3) == bool(found)
    assert conflicts is None or found == conflicts
    after = files(folder)
    assert {path for path, data in after.items() if b"\n<<<<<<< yours" in data} <= set(found)
    for path, (added, taken) in lines.items():
        text = after.get(path, b"").decode().splitlines()
        for line in added:
            assert text.count(line) >= before[path].decode().splitlines().count(line), path
        for line in taken if path not in found else []:
            assert text.count(line) == before.get(path, b"").decode().splitlines().count(line), path
    unmerged = git(folder, "diff", "--name-only", "--diff-filter=U").split()
    assert sorted(unmerged) == found


def test_the_axes_are_those_of_the_matrix():
    assert list(AXES) == list(matrix.CORE_AXES)
