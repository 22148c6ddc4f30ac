"""Only code that a change breaks without a conflict is reported, with file and line."""

import itertools
import random
import re
import time

import pytest
from support.commands.cli import POST, USER, commit, edit, git
from trellis.change import code_problems
from trellis.files import File

OWN = '''\
"""Reports, written by hand."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.posts import service as posts
from app.posts.models import Post

TITLES = sa.select(Post.title)


async def report(session: AsyncSession, author_id: int) -> list[str]:
    found = await session.scalars(sa.select(Post).filter_by(author_id=author_id))
    return [post.body for post in found]


async def publish(session: AsyncSession, post_id: int) -> Post:
    row = await session.get(Post, post_id)
    print(row.body)
    await posts.update_post(session, post_id, posts.PostUpdate(body="x"))
    return Post(title="Copy", body=row.body, author_id=row.author_id)
'''
ADDED = '''\
"""subtitle"""

import sqlalchemy as sa
from alembic import op

revision = "feedbeef0001"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("posts", sa.Column("subtitle", sa.String(80), nullable=True))


def downgrade() -> None:
    op.drop_column("posts", "subtitle")
'''


def use_posts(folder):
    (folder / "app/reports.py").write_text(OWN)


def add_a_column(folder):
    column = "    subtitle: Mapped[str | None] = mapped_column(sa.String(80))\n"
    edit(folder / "app/posts/models.py", "    title: Mapped", f"{column}    title: Mapped")
    head = next((folder / "migrations/versions").glob("*_create_posts.py")).name[:12]
    script = folder / "migrations/versions/feedbeef0001_subtitle.py"
    script.write_text(ADDED.format(head=head))


def move_users(folder):
    git(folder, "mv", "app/users", "app/people")
    replace(folder, "app.users", "app.people")


def rename_get_user(folder):
    replace(folder, "get_user(", "get_customer(")


def replace(folder, old, new):
    for path in [*folder.glob("app/**/*.py"), *folder.glob("tests/**/*.py")]:
        path.write_text(path.read_text().replace(old, new))


TWICE = (
    "_add_posts_subtitle.py: adds the column posts.subtitle, "
    "which migrations/versions/feedbeef0001_subtitle.py adds already"
)
MOVED = (
    "app/comments/models.py: imports app.users.models, which does not exist; "
    "User is in app.people.models"
)
RENAMED = (
    "app/comments/service.py: uses users.get_user of app.users.service, "
    "which has no such name; did you mean get_customer?"
)
COMMENT = ["add", "resource", "comment", "body:text", "author:ref:user"]


@pytest.mark.parametrize(
    ("prepare", "words", "expected"),
    [
        (
            add_a_column,
            ["add", "field", "post", "subtitle:string:80:optional"],
            [
                "app/posts/models.py: declares subtitle twice in Post",
                TWICE,
            ],
        ),
        (
            move_users,
            COMMENT,
            [
                MOVED,
                "app/comments/service.py: imports app.users, which does not exist",
            ],
        ),
        (
            rename_get_user,
            COMMENT,
            [
                RENAMED,
            ],
        ),
        (
            use_posts,
            ["remove", "field", "post", "body"],
            [
                "app/reports.py: uses post.body, which is gone",
                "app/reports.py: uses row.body, which is gone",
                "app/reports.py: gives Post the field body, which is gone",
            ],
        ),
        (
            use_posts,
            ["remove", "resource", "post"],
            [
                "app/reports.py: imports app.posts, which does not exist",
                "app/reports.py: imports app.posts.models, which does not exist",
            ],
        ),
    ],
    ids=["a column by hand", "a moved folder", "a renamed function", "a field", "a resource"],
)
def test_what_a_verb_breaks_is_told(trellis, enter_blog, prepare, words, expected):
    folder = enter_blog(USER, POST)
    prepare(folder)
    commit(folder)

    planned = trellis(*words, "--dry-run", "--json")
    result = trellis(*words)

    problems = planned.document["problems"]
    assert planned.code == 0
    assert problems
    for each in expected:
        path, _, what = each.partition(": ")
        assert any(p["path"].endswith(path) and p["what"].startswith(what) for p in problems), each
    for problem in problems:
        assert any(
            each.partition(": ")[0] in problem["path"] or "comments" in problem["path"]
            for each in expected
        )
        assert f"{problem['path']}:{problem['line']}: {problem['what']}" in result.out
        text = (folder / problem["path"]).read_text().splitlines()
        assert len(text) >= problem["line"]


@pytest.fixture(scope="module")
def blog(make_service):
    """The files of a service that nobody has edited, and of one that uses them by hand."""
    folder = make_service("-r", USER, "-r", POST)
    names = git(folder, "ls-files").splitlines()
    found = {name: File("100644", (folder / name).read_bytes()) for name in names}
    return {**found, "app/reports.py": File("100644", OWN.encode())}


def changed(files, path, old, new):
    assert old in files[path].data.decode(), (path, old)
    return {**files, path: File("100644", files[path].data.replace(old.encode(), new.encode()))}


def renamed(files, old, new):
    left = {path: file for path, file in files.items() if path != old}
    return {**left, new: files[old]}


def messages(before, after):
    return [f"{p.path}: {p.what}" for p in code_problems.find(before, after)]


def test_what_was_wrong_before_is_no_news(blog):
    broken = changed(blog, "app/reports.py", "from app.posts.models", "from app.articles.models")

    assert messages(broken, changed(broken, "app/reports.py", "TITLES", "HEADINGS")) == []
    wanted = "app/reports.py: imports app.articles.models, which does not exist; "
    assert messages(blog, broken) == [wanted + "Post is in app.posts.models"]


@pytest.mark.parametrize("path", ["app/posts/models.py", "app/posts/service.py", "app/base.py"])
def test_a_file_that_is_renamed_names_where_its_names_are_now(blog, path):
    after = renamed(blog, path, path.replace(".py", "_now.py"))

    found = messages(blog, after)

    users = [p for p, f in after.items() if p.endswith(".py") and is_imported(path, f.data)]
    assert users
    assert {text.partition(":")[0] for text in found} >= {*users}
    assert all("_now" in text for text in found if "which does not exist" in text)


def is_imported(path, data):
    module = path.removesuffix(".py").replace("/", ".")
    folder, _, name = module.rpartition(".")
    return (
        f"from {module} import".encode() in data or f"from {folder} import {name}".encode() in data
    )


@pytest.mark.parametrize("seed", range(20))
def test_any_function_that_is_renamed_is_told_where_it_is_used(blog, seed):
    chance = random.Random(seed)  # noqa: S311
    modules = [path for path in blog if path.startswith("app/") and b"\ndef " in blog[path].data]
    modules += [path for path in blog if path.endswith("service.py")]
    path = chance.choice(modules)
    lines = blog[path].data.decode().splitlines()
    heads = [line for line in lines if line.startswith(("def ", "async def "))]
    name = chance.choice(heads).partition("(")[0].rpartition(" ")[2]

    after = changed(blog, path, f"def {name}(", f"def other_{name}(")

    module = path.removesuffix(".py").replace("/", ".")
    folder, _, last = module.rpartition(".")
    users = []
    for other, file in blog.items():
        text = file.data.decode(errors="replace")
        block = text.partition(f"from {module} import ")[2].partition("\n\n")[0]
        by_name = name in block.replace("(", " ").replace(",", " ").split("from")[0].split()
        names = rf"^from {folder} import (?:.*, )?{last}(?: as (\w+))?(?:,|$)"
        imported = re.search(names, text, re.MULTILINE)
        alias = (imported[1] or last) if imported else None
        by_module = alias is not None and f"{alias}.{name}(" in text
        if other.endswith(".py") and other != path and (by_name or by_module):
            users.append(other)
    found = {text.partition(":")[0] for text in messages(blog, after)}
    assert found >= {*users}
    used_here = len(re.findall(rf"\b{name}\b", blog[path].data.decode())) > 1
    assert found <= {*users, *([path] if used_here else [])}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("app/posts/models.py", "    title: Mapped[str]\n", "declares title twice in Post"),
        (
            "app/posts/service.py",
            "\n\nasync def get_post() -> None: ...\n",
            "declares get_post twice",
        ),
        (
            "app/posts/router.py",
            '\n\n@router.get("/posts/{post_id}")\nasync def read_post() -> None: ...\n',
            "declares router.get('/posts/{post_id}') twice",
        ),
        ("app/posts/service.py", "\n\nVALUE = Wanted()\n", "uses Wanted, which nothing"),
        ("app/posts/service.py", "\n\nif:\n", "is not valid Python"),
    ],
)
def test_what_is_there_twice_or_nowhere_is_told(blog, path, text, expected):
    after = {**blog, path: File("100644", blog[path].data + text.encode())}

    assert any(expected in each for each in messages(blog, after))


def test_a_text_that_names_a_module_is_told(blog):
    test = b'def test_it(mocker):\n    mocker.patch("app.users.service.get_user")\n'
    before = {**blog, "tests/test_own.py": File("100644", test)}

    after = changed(before, "app/users/service.py", "def get_user(", "def get_person(")

    wanted = 'tests/test_own.py: names "app.users.service.get_user", which does not exist'
    assert wanted in messages(before, after)


def test_no_problem_is_found_in_what_is_rendered(blog):
    rendered = {path: file for path, file in blog.items() if path != "app/reports.py"}

    assert messages({}, blog) == []
    for path in rendered:
        assert messages({**blog, path: File("100644", b"")}, blog) == []


def test_fifty_resources_are_read_in_half_a_second(blog):
    names = [f"thing{number}" for number in range(50)]
    large = dict(blog)
    for (path, file), name in itertools.product(blog.items(), names):
        if "/posts/" in path:
            data = file.data.decode().replace("posts", f"{name}s").replace("post", name)
            place = path.replace("posts", f"{name}s")
            large[place] = File("100644", data.replace("Post", name.title()).encode())
    without = {path: file for path, file in large.items() if "thing7s" not in path}

    start = time.process_time()
    found = messages(without, large)

    assert found == []
    assert time.process_time() - start < 0.5
