"""After a kill, a full disk, Ctrl-C or a race, a service is unchanged or completely changed."""

import contextlib
import errno
import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from support.commands.cli import (
    COMMENT,
    POST,
    USER,
    command,
    commit,
    edit,
    environment,
    files,
    git,
    install_tool,
)
from support.commands.tiny import write_template
from trellis import cli
from trellis.change import apply, pipeline
from trellis.errors import ServiceError, TrellisError
from trellis.service.find import find_service
from trellis.template import source

ADD = ["add", "resource", *COMMENT.split()]
GIT = shutil.which("git")
# The calls that change files are counted; at one of them, the test injects a fault.
COUNTED = {"os.link", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "subprocess.Popen"}
# The fault at one call of git: a signal to Trellis, which is the parent, or to git itself.
FAULTS = {
    "killed before": "kill -9 $PPID; exit 1",
    "killed meanwhile": "kill -9 $PPID; sleep 0.1",
    "killed after": f'{GIT} "$@"; kill -9 $PPID; exit 1',
    "git killed": "ulimit -f 0",
    "both killed": f'(ulimit -f 0; {GIT} "$@"); kill -9 $PPID; exit 1',
    "no room": "echo 'error: unable to write: No space left on device' >&2; exit 128",
    "no room after": f'{GIT} "$@"; echo "fatal: No space left on device" >&2; exit 128',
}
# Testing every call takes minutes; by default a sample is tested.
STEP = 1 if os.environ.get("EVERY_OPERATION") else 3


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def have_no_room():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def forked(work, number=0, happen=None):
    """The exit code of a process like this one, in which something happens at one file operation,
    and how many of them it had.
    """
    seen, counted = 0, Path(tempfile.gettempdir(), "counted")

    def watch(event, arguments):
        nonlocal seen
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        if writes or event in COUNTED:
            seen += 1
            if seen == number:
                happen()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fork beside threads, which this one does not use
        child = os.fork()
    if child == 0:
        code = 99
        with contextlib.suppress(BaseException):
            sys.addaudithook(watch)
            code = work()
        counted.write_text(str(seen))
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, int(counted.read_text()) if counted.exists() else 0


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The folder for temporary folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A small template with two versions, and an edited service of the first.

    The second changes, adds and removes files, and one line that was edited, too.
    """
    folder = tmp_path_factory.mktemp("prepared")
    root = write_template(folder / "template")
    (root / "template/service/old/deep").mkdir(parents=True)
    (root / "template/service/old/deep/file.txt").write_text("old\n" * 500)
    commit(root, "First", "v1.0.0")
    home = tmp_path_factory.mktemp("home")
    words = [*command(root), "new", "blog", "--name", "Blog", "--yes"]
    env = {**os.environ, **environment(home)}
    subprocess.run(words, cwd=folder, env=env, check=True, capture_output=True)
    edit(folder / "blog/README.md", "# Blog", "# Our blog")
    commit(folder / "blog")
    rendered = root / "template/service"
    edit(rendered / "README.md.jinja", "# {{", "# The {{")
    edit(rendered / "pyproject.toml.jinja", "0.1.0", "0.2.0")
    shutil.rmtree(rendered / "old")
    (rendered / "new/deep").mkdir(parents=True)
    (rendered / "new/deep/script").write_text("#!/bin/sh\n" * 500)
    (rendered / "new/deep/script").chmod(0o755)
    commit(root, "Second", "v1.1.0")
    return folder


@pytest.fixture
def blog(prepared, trellis, monkeypatch):
    """Changes into a copy of that service. `update` changes it, with one conflict."""
    monkeypatch.setattr(source, "find_checkout", lambda: prepared / "template")
    folder = Path.cwd() / "blog"
    shutil.copytree(prepared / "blog", folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def publish(blog, trellis, monkeypatch):
    """Runs the last step of `update`, which writes the files."""
    recorded = []
    with monkeypatch.context() as patch:
        patch.setattr(pipeline.apply, "publish", lambda *given: recorded.append(given[:3]))
        assert trellis("update").code == 3

    def work():
        with apply.lock_repository(find_service().repository) as lock:
            apply.publish(*recorded[0], lock)
        return 0

    return work


@pytest.fixture
def fault(tmp_path, monkeypatch):
    """Injects a fault at one call of git."""
    count = tmp_path / "count"
    tool = tmp_path / "tools/git"
    tool.parent.mkdir()
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")

    def arrange(call, action=":"):
        """`call` is a number, or a pattern of its words."""
        pattern = f'"{call} "*' if isinstance(call, int) else f"*{call}*"
        count.write_text("0")
        install_tool(
            tool,
            f"""
            read n < {count}; n=$((n + 1)); echo $n > {count}
            case "$n $*" in {pattern}) {action} ;; esac
            exec {GIT} "$@"
            """,
        )

    arrange.happened = lambda number: int(count.read_text()) >= number
    return arrange


def reset(folder):
    git(folder, "reset", "--quiet", "--hard")
    assert git(folder, "status", "--porcelain", "--ignored") == "!! .env\n"


def settle(folder):
    """Waits until the git processes of a run have released its lock."""
    with (folder / ".git/trellis/lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def healed(folder, before, complete):
    """After the next verb, the service is unchanged or complete, and no other traces are left."""
    lock = folder / ".git/index.lock"
    if lock.exists():
        # git refuses to commit an incomplete change.
        refused = subprocess.run(["git", "commit", "-qam", "x"], capture_output=True, check=False)
        assert refused.returncode == 128
        assert apply.open_service().root == folder
        assert files(folder) == before
    now = files(folder)
    assert now in (before, complete)
    with apply.lock_repository(find_service().repository):
        pass
    assert [path.name for path in (folder / ".git/trellis").iterdir()] == ["lock"]
    assert not lock.exists()
    if now == before:
        assert git(folder, "status", "--porcelain") == ""
    else:
        staged = git(folder, "status", "--porcelain").splitlines()
        assert sorted(line[:2] for line in staged) == ["A ", "D ", "M ", "M ", "M ", "UU"]
    return now == before


@pytest.fixture
def states(blog, publish):
    """The files of the service before and after."""
    before = files(blog)
    publish()
    complete = files(blog)
    reset(blog)
    assert files(blog) == before
    return before, complete


@pytest.mark.parametrize("happen", [kill, have_no_room])
def test_the_change_is_whole_wherever_trellis_stops(blog, publish, states, happen):
    code, number = forked(publish)
    assert code == 0
    assert number > 30
    reset(blog)
    for point in range(1, number + 1, STEP):
        code, _ = forked(publish, point, happen)
        settle(blog)

        assert healed(blog, *states) or code in {0, -signal.SIGKILL}
        reset(blog)


@pytest.mark.parametrize("action", FAULTS.values(), ids=FAULTS)
def test_the_change_is_whole_at_whichever_call_of_git_it_stops(
    blog, publish, states, fault, scratch, action
):
    for number in itertools.count(1, STEP):
        fault(number, action)

        code, _ = forked(publish)
        settle(blog)

        happened = fault.happened(number)
        fault(0)
        assert healed(blog, *states) == (code != 0)
        reset(blog)
        if not happened:
            break
    assert number > 10
    assert list(scratch.glob("trellis-*")) == []


def test_a_killed_change_is_taken_back_by_the_next_verb(blog, trellis, publish, states, fault):
    fault("read-tree*-u", FAULTS["both killed"])
    forked(publish)
    fault(0)
    assert (blog / ".git/index.lock").exists()
    assert files(blog) != states[0]

    planned, shown = trellis("update", "--dry-run"), trellis("status", "--json")

    assert planned.code == 7
    assert "trellis status" in planned.err
    assert "taken back" in shown.err
    assert shown.document["uncommitted"] == []
    assert files(blog) == states[0]


def test_what_somebody_edited_after_a_kill_is_kept_and_named(blog, publish, fault):
    fault("read-tree*-u", FAULTS["killed after"])
    forked(publish)
    fault(0)
    (blog / "pyproject.toml").write_text("mine\n")

    with pytest.raises(ServiceError, match=r"not undone in pyproject\.toml"):
        apply.open_service()

    assert git(blog, "status", "--porcelain") == " M pyproject.toml\n"
    assert (blog / "pyproject.toml").read_text() == "mine\n"


def test_git_alone_takes_a_killed_change_back(blog, publish, states, fault):
    fault("read-tree*-u", FAULTS["both killed"])
    forked(publish)
    fault(0)

    (blog / ".git/index.lock").unlink()
    reset(blog)

    assert files(blog) == states[0]


def test_what_cannot_be_taken_back_is_taken_back_with_the_printed_command(
    blog, trellis, publish, states, fault
):
    fault("read-tree*-u", FAULTS["both killed"])
    forked(publish)
    fault(0)
    plan = json.loads((blog / ".git/index.lock").read_text())
    # For example, somebody ran `git gc --prune=now`.
    (blog / f".git/objects/{plan['tree'][:2]}/{plan['tree'][2:]}").unlink()

    result = trellis("status")

    assert result.code == 7
    assert "could not be taken back: git failed" in result.err
    assert len(result.err.splitlines()) <= 5
    printed = result.err.partition("; or: ")[2].strip()
    assert printed == f"rm {blog}/.git/index.lock && git reset --hard"
    subprocess.run(["sh", "-c", printed], check=True, capture_output=True)
    assert files(blog) == states[0]
    assert trellis("update").code == 3


def test_a_lock_that_a_killed_git_has_left_is_named(blog, trellis):
    (blog / ".git/index.lock").touch()

    result = trellis("update")

    assert result.code == 7
    printed = result.err.partition("if no git is running: ")[2].strip()
    subprocess.run(["sh", "-c", printed], check=True)
    assert trellis("update").code == 3


@contextlib.contextmanager
def mounted(place, *options):
    """A file or a folder that is a mount point: it cannot be replaced, or written to."""
    mount = ["mount", "--bind", str(place), str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root mounts a file system")
    try:
        if options:
            subprocess.run(["mount", "-o", f"remount,bind,{','.join(options)}", place], check=True)
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        (".git", ["ro"], "Read-only file system"),
        (".git/objects", ["ro"], "Read-only file system"),
        (".git/index", [], "busy"),
        (".git/index", ["ro"], "busy"),
    ],
    ids=lambda value: "".join(value) or "mounted",
)
@pytest.mark.parametrize("words", [["update"], ["change", "api=sync"], ["restore", "README.md"]])
def test_a_repository_that_cannot_be_written_is_a_refusal(
    blog, trellis, name, options, reason, words
):
    before = files(blog)

    with mounted(blog / name, *options):
        result = trellis(*words)

    assert result.code == 74, result.err
    assert reason in result.err
    assert files(blog) == before
    assert git(blog, "status", "--porcelain") == ""
    assert not (blog / ".git/index.lock").exists()


def test_a_git_that_comes_meanwhile_is_left_alone(blog, publish, fault, states):
    fault("write-tree", f"touch {blog}/.git/index.lock")

    with pytest.raises(ServiceError, match=r"in use by git"):
        publish()

    assert files(blog) == states[0]
    (blog / ".git/index.lock").unlink()
    assert git(blog, "status", "--porcelain") == ""


def test_objects_that_cannot_be_written_are_a_refusal(blog, publish):
    before = files(blog)
    for number in range(256):
        place = blog / f".git/objects/{number:02x}"
        if not place.exists():
            place.touch()

    with pytest.raises(TrellisError, match=r"Not a directory"):
        publish()

    assert files(blog) == before
    assert git(blog, "status", "--porcelain") == ""


def test_what_is_in_conflict_is_gits(blog, trellis):
    before = files(blog)

    result = trellis("update", "--json")

    assert result.code == 3
    assert "<<<<<<<" in (blog / "README.md").read_text()
    assert subprocess.run(
        ["git", "commit", "-qm", "x"], capture_output=True, check=False
    ).returncode
    (blog / "README.md").write_text("spoilt")
    git(blog, "checkout", "--merge", "--", "README.md")
    assert "<<<<<<<" in (blog / "README.md").read_text()
    assert {stage: git(blog, "show", f":{stage}:README.md") for stage in (1, 2, 3)} == {
        1: "# Blog\n",
        2: "# Our blog\n",
        3: "# The Blog\n",
    }
    git(blog, *result.document["abort"].split()[1:])
    assert files(blog) == before
    assert git(blog, "status", "--porcelain") == ""


def test_a_service_in_a_larger_repository_is_changed_alone(blog, trellis, monkeypatch):
    shutil.rmtree(blog / ".git")
    (blog.parent / "other.txt").write_text("one\n")
    commit(blog.parent)
    (blog.parent / "other.txt").write_text("two\n")
    git(blog.parent, "add", "other.txt")
    before = files(blog)

    result = trellis("update", "--json")

    assert result.code == 3
    assert "UU blog/README.md" in git(blog, "status", "--porcelain")
    git(blog, *result.document["abort"].split()[1:])
    assert files(blog) == before
    assert git(blog, "status", "--porcelain") == "M  other.txt\n"


def in_a_merge(folder):
    git(folder, "merge", "--quiet", "--no-commit", "--strategy=ours", "other")


def in_a_rebase(folder):
    git(folder, "-c", "sequence.editor=sed -i s/pick/edit/", "rebase", "-qi", "HEAD~1")


def in_a_cherry_pick(folder):
    git(folder, "cherry-pick", "other")
    subprocess.run(["git", "cherry-pick", "other"], cwd=folder, capture_output=True, check=False)


def in_a_revert(folder):
    git(folder, "cherry-pick", "other")
    git(folder, "revert", "--no-commit", "HEAD")
    git(folder, "reset", "--quiet", "HEAD", ".")
    git(folder, "checkout", "--quiet", ".")


def in_a_bisection(folder):
    git(folder, "bisect", "start", "HEAD", "HEAD~1")


STATES = [in_a_merge, in_a_rebase, in_a_cherry_pick, in_a_revert, in_a_bisection]


@pytest.mark.parametrize("arrange", STATES)
@pytest.mark.parametrize("words", [["update"], ["change", "api=sync"], ["restore", "README.md"]])
def test_a_verb_waits_until_git_has_finished(blog, trellis, arrange, words):
    git(blog, "checkout", "--quiet", "-b", "other")
    (blog / "other.txt").write_text("theirs\n")
    commit(blog)
    git(blog, "checkout", "--quiet", "-")
    arrange(blog)
    told = git(blog, "status")
    assert git(blog, "status", "--porcelain") == ""

    result = trellis(*words)

    assert result.code == 7
    assert arrange.__name__.removeprefix("in_").replace("_", "-")[:10] in result.err.replace(
        " ", "-"
    )
    assert "fix: finish it first: git" in result.err
    assert git(blog, "status") == told


STOPS = pytest.mark.parametrize("happen", [kill, interrupt, have_no_room])
ENDS = {kill: {0, 3, -9}, interrupt: {0, 3, 130}, have_no_room: {0, 3, 5, 74}}


def points(number, last):
    """The calls to stop at: all of them, or a sample and the last ones."""
    if STEP == 1:
        return range(1, number + 1)
    return sorted({*range(1, number, max(1, number // 6)), *range(number - last, number + 1, 3)})


@pytest.mark.slow
@STOPS
def test_a_stopped_run_of_new_leaves_nothing_or_everything(blog, trellis, scratch, happen):
    words = ["new", "made", "--yes"]
    code, number = forked(lambda: cli.run(words))
    assert code == 0
    complete = files(blog / "made")
    shutil.rmtree("made")
    for point in points(number, 12):
        code, _ = forked(lambda: cli.run(words), point, happen)

        assert code in ENDS[happen]
        if not Path("made").exists():
            assert code != 0
            assert trellis(*words).code == 0
        assert files(blog / "made") == complete
        shutil.rmtree("made")
        assert list(blog.glob(".made.*")) == []
        assert trellis("status").code in {0, 8}
        assert [path.name for path in scratch.iterdir()] == ["counted"]


@pytest.mark.slow
@STOPS
def test_a_stopped_run_leaves_the_service_untouched_or_complete(
    blog, trellis, scratch, states, happen
):
    code, number = forked(lambda: cli.run(["update"]))
    assert code == 3
    reset(blog)
    for point in points(number, 40):
        code, _ = forked(lambda: cli.run(["update"]), point, happen)
        settle(blog)

        assert code in ENDS[happen]
        assert trellis("status").code in {0, 8}
        assert files(blog) in states
        assert [path.name for path in scratch.iterdir()] == ["counted"]
        if files(blog) == states[0]:
            assert code not in {0, 3}
            assert trellis("update").code == 3
        assert files(blog) == states[1]
        reset(blog)


@pytest.mark.parametrize("size", ["16k", "64k", "128k"])
@pytest.mark.parametrize("verb", [["status"], ["update"], ["new", "made", "--yes"]])
def test_a_full_temporary_folder_is_called_one(blog, trellis, scratch, size, verb):
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(scratch)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root mounts a file system")
    try:
        result = trellis(*verb)
    finally:
        subprocess.run(["umount", str(scratch)], check=True)

    assert result.code == 74, result.err
    assert "No space left on device" in result.err
    assert git(blog, "status", "--porcelain") == ""


def test_of_some_runs_at_once_one_wins(enter_blog, released):
    folder = enter_blog(USER, POST)
    words = [ADD, ["add", "resource", "tag", "label:string:40"]]
    words += [["change", "database=postgres"], ["remove", "field", "user", "age"]]

    runs = [
        subprocess.Popen(command(released) + w, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for w in words
    ]
    codes = [(run.communicate(), run.returncode)[1] for run in runs]

    assert sorted(codes) == [0, 7, 7, 7]
    done = [
        (folder / "app/comments/models.py").exists(),
        (folder / "app/tags/models.py").exists(),
        "asyncpg" in (folder / "pyproject.toml").read_text(),
        "age" not in (folder / "app/users/models.py").read_text(),
    ]
    assert done == [code == 0 for code in codes]


def test_a_service_in_use_is_left_alone(trellis, blog):
    with apply.lock_repository(find_service().repository):
        result = trellis("update")

    assert result.code == 7
    assert "another run" in result.err
    assert git(blog, "status", "--porcelain") == ""


def test_a_folder_that_is_a_link_is_not_followed(trellis, blog, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (blog / "new").symlink_to(elsewhere)
    commit(blog)

    result = trellis("update")

    assert result.code != 0
    assert list(elsewhere.iterdir()) == []
