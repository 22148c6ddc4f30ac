"""A service of version 0.1.0, edited in ten files, becomes one of today's template."""

import shutil
import subprocess

import pytest
from support.cli import POST, ROOT, USER, commit, git

# The commit that is version 0.1.0: app/ had api.py, columns.py, models.py and schemas.py then.
FIRST = "6cc6a19a6ea2c0ba958e2d40572e5469d69ec5e0"
# Where both the template and the edits changed the same lines.
CONFLICTS: set[str] = set()
EDITS = {
    ".env.example": ("", "\n# Who sends mail.\n# MAIL_FROM=team@example.org\n"),
    "AGENTS.md": ("", "- Mail is sent after the transaction has committed.\n"),
    "README.md": ("", "\n## On call\n\nAsk the blog team, in #blog.\n"),
    "app/errors.py": ("", '\n\nclass QuotaError(AppError):\n    """Too many posts in a day."""\n'),
    "app/posts/schemas.py": ("", "\n\nclass PostSummary(ReadSchema):\n    title: str\n"),
    "app/users/models.py": ("", "\n    nickname: Mapped[str | None]\n"),
    "app/users/router.py": (
        "",
        '\n\n@router.get("/{user_id}/badge")\nasync def get_badge(user_id: Id) -> str:\n'
        '    return f"badge of {user_id}"\n',
    ),
    "app/users/service.py": (
        "",
        "\n\ndef initials(user: User) -> str:\n"
        '    return "".join(word[0] for word in user.name.split())\n',
    ),
    "pyproject.toml": (
        '    "uvicorn[standard]',
        '    "python-slugify>=8",\n    "uvicorn[standard]',
    ),
    "tests/users/test_users.py": ("", "\n\ndef test_by_hand() -> None:\n    assert True\n"),
}


@pytest.fixture
def template(tmp_path):
    """The template in two versions: 0.1.0, and as it lies here."""
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
    """What lies here becomes its version 0.2.0."""
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
    for name, (old, new) in EDITS.items():
        text = (folder / name).read_text()
        assert old in text
        edited = text.replace(old, new, 1) if old else text + new
        (folder / name).write_text(edited)
    (folder / "app/users/badges.py").write_text("from app.schemas import Id\n\nFIRST: Id = 1\n")
    commit(folder, "Edits by hand")
    release(template)

    done = trellis("update", "--yes", "--json")

    assert done.code == (3 if CONFLICTS else 0), done.err
    unmerged = set(git(folder, "diff", "--name-only", "--diff-filter=U").split())
    assert unmerged == CONFLICTS
    for name, (old, new) in EDITS.items():
        kept = (folder / name).read_text()
        for line in new.removesuffix(old).splitlines():
            assert line in kept, f"{name}: {line!r}"
    # Their own file still speaks of a module that was renamed: a note says so.
    assert "app/users/badges.py" in str(done.document["notes"])
