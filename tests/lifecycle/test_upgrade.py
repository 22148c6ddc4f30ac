"""A service of version 0.1.0, edited in ten files, becomes one of today's template."""

import shutil
import subprocess

import pytest
from support.commands.cli import POST, ROOT, USER, commit, git

# The commit that is version 0.1.0: app/ had api.py, columns.py, models.py and schemas.py then.
FIRST = "6cc6a19a6ea2c0ba958e2d40572e5469d69ec5e0"
# Only these documents are in conflict: all their sentences were rewritten.
CONFLICTS = {"AGENTS.md", "README.md"}
ROUTE = """

@router.get("/{user_id}/badge")
async def get_badge(user_id: Id) -> str:
    return f"badge of {user_id}"
"""
FUNCTION = """

def initials(user: User) -> str:
    return "".join(word[0] for word in user.name.split())
"""
# The lines that a team has appended to ten files.
APPENDED = {
    ".env.example": "\n# Who sends mail.\n# MAIL_FROM=team@example.org\n",
    "AGENTS.md": "- Mail is sent after the transaction has committed.\n",
    "README.md": "\n## On call\n\nAsk the blog team, in #blog.\n",
    "Makefile": "\nseed:  ## example rows\n\tuv run python -m app.seed\n",
    "app/errors.py": '\n\nclass QuotaError(AppError):\n    """Too many posts in a day."""\n',
    "app/posts/schemas.py": "\n\nclass PostSummary(ReadSchema):\n    title: str\n",
    "app/users/models.py": "    nickname: Mapped[str | None]\n",
    "app/users/router.py": ROUTE,
    "app/users/service.py": FUNCTION,
    "tests/users/test_users.py": "\n\ndef test_by_hand() -> None:\n    assert True\n",
}


@pytest.fixture
def template(tmp_path):
    """The template in version 0.1.0."""
    folder = tmp_path / "template"
    folder.mkdir()
    try:
        command = ["git", "-C", str(ROOT), "archive", FIRST, "template", "copier.yml"]
        archive = subprocess.run(command, check=True, capture_output=True).stdout
    except subprocess.CalledProcessError:
        pytest.skip("this checkout does not have the history since version 0.1.0")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    commit(folder, "0.1.0", "0.1.0")
    return folder


def release(template):
    """Releases the template of this checkout as version 0.2.0."""
    shutil.rmtree(template / "template")
    shutil.copytree(ROOT / "template", template / "template")
    shutil.copy2(ROOT / "copier.yml", template / "copier.yml")
    commit(template, "0.2.0", "0.2.0")


def test_edits_in_ten_files_survive_the_upgrade(template, trellis, tmp_path, monkeypatch):
    address = f"git+file://{template}"
    words = ["-r", USER, "-r", POST, "--template", address, "--yes", "--no-install"]
    made = trellis("new", "blog", *words)
    assert made.code == 0, made.err
    folder = tmp_path / "work/blog"
    monkeypatch.chdir(folder)
    for name, text in APPENDED.items():
        with (folder / name).open("a") as file:
            file.write(text)
    (folder / "app/users/badges.py").write_text("from app.schemas import Id\n\nFIRST: Id = 1\n")
    commit(folder, "Edits by hand")
    release(template)

    done = trellis("update", "--yes", "--json")

    assert done.code == 3, done.err
    unmerged = set(git(folder, "diff", "--name-only", "--diff-filter=U").split())
    assert unmerged == CONFLICTS
    for name, text in APPENDED.items():
        kept = (folder / name).read_text()
        assert [line for line in text.splitlines() if line not in kept] == [], name
    told = {(problem["path"], problem["what"]) for problem in done.document["problems"]}
    assert told == {
        ("app/posts/schemas.py", "uses ReadSchema, which nothing imports or defines"),
        ("app/users/badges.py", "imports app.schemas, which does not exist"),
    }
