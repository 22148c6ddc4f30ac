"""A service is as it was or as it is to be: after a kill, a full disk, Ctrl-C, a race."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from support.cli import COMMENT, POST, USER, command, commit, files, git
from trellis import cli
from trellis.change import apply, journal, pipeline
from trellis.service.find import find_service

ADD = ["add", "resource", *COMMENT.split()]
# The calls that change something on a disk, counted; at one of them something happens.
HOOK = """
import os, sys
counted = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "subprocess.Popen"}
state = {"left": %d}
def watch(event, arguments):
    if event in counted or event == "open" and isinstance(arguments[2], int) and arguments[2] & 3:
        state["left"] -= 1
        if state["left"] == 0:
            %s
sys.addaudithook(watch)
"""
EACH = """
import sys
counted = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "subprocess.Popen"}
def watch(event, arguments):
    if event in counted or event == "open" and isinstance(arguments[2], int) and arguments[2] & 3:
        look()
sys.addaudithook(watch)
"""
KILL = "os.kill(os.getpid(), 9)"
INTERRUPT = "os.kill(os.getpid(), 2)"
NO_ROOM = f"raise OSError({errno.ENOSPC}, os.strerror({errno.ENOSPC}))"


def settled(folder):
    """Waits until whatever outlived its parent has finished."""
    lock = folder / ".git/trellis/lock"
    if lock.exists():
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)


def run(words):
    return subprocess.run(words, check=False, capture_output=True, text=True)


def recover():
    with apply.alone(find_service()):
        pass


@pytest.fixture
def journalled(trellis, enter_blog, monkeypatch):
    """A blog without comments, and a journal that would add them."""
    folder = enter_blog(USER, POST)
    before = files(folder)
    spawned = []

    def publish(found, changes, stages, lock):
        place = found.repository.git_dir / "trellis"
        journal.write(place, found.root, found.repository.head, changes, "")
        (place / "next").rename(place / "kept")
        spawned.append(place)

    monkeypatch.setattr(pipeline.apply, "publish", publish)
    assert trellis(*ADD).code == 0
    return folder, before, spawned[0]


@pytest.mark.parametrize("what", [KILL, NO_ROOM], ids=["killed", "full disk"])
def test_the_change_itself_is_whole_wherever_it_stops(journalled, what):
    folder, before, place = journalled
    outcomes = []
    for number in range(1, 400):
        subprocess.run(["cp", "-r", place / "kept", place / "next"], check=True)
        code = HOOK % (number, what)
        code += f"sys.path.insert(0, {str(Path(journal.__file__).parent)!r})\nimport journal\n"
        code += f"from pathlib import Path\njournal.apply(Path({str(place)!r}))\n"
        code += "print(state['left'])"
        done = run([sys.executable, "-I", "-S", "-B", "-c", code])
        journal.discard(place / "next")

        recover()

        now = files(folder)
        assert now == before or "app/comments/router.py" in now
        outcomes.append(now == before)
        if now != before:
            # Without room git cannot be started either; then the change is there, but not staged.
            staged = len(git(folder, "diff", "--cached", "--name-only").splitlines())
            assert staged == 13 or (what == NO_ROOM and staged == 0)
            git(folder, "reset", "--quiet", "--hard")
            git(folder, "clean", "--quiet", "--force", "-d")
        assert git(folder, "status", "--porcelain") == ""
        assert not (folder / "app/comments").exists()
        assert not (place / "journal").exists()
        if done.returncode == 0 and int(done.stdout) > 0:
            break
    assert done.returncode == 0
    assert outcomes.count(True) > 30


@pytest.mark.parametrize("number", [10, 25, 40])
def test_the_next_verb_heals_what_the_end_of_the_change_itself_left(
    journalled, trellis, monkeypatch, number
):
    folder, before, place = journalled
    (place / "kept").rename(place / "next")
    code = HOOK % (number, KILL)
    code += f"sys.path.insert(0, {str(Path(journal.__file__).parent)!r})\nimport journal\n"
    code += f"from pathlib import Path\njournal.apply(Path({str(place)!r}))\n"
    assert run([sys.executable, "-I", "-S", "-B", "-c", code]).returncode == -signal.SIGKILL
    assert (place / "journal/plan.json").exists()
    assert files(folder) != before

    planned, shown = trellis(*ADD, "--dry-run"), trellis("status", "--json")

    assert planned.code == 7
    assert "trellis status" in planned.err
    assert shown.code == 0
    assert "taken back" in shown.err
    assert files(folder) == before
    assert shown.document["uncommitted"] == []
    monkeypatch.undo()


class Run:
    """A verb in a process of its own, in which something happens at one of its file operations."""

    def __init__(self, trellis, words, tmp_path):
        self.trellis, self.words = trellis, words
        self.seen = tmp_path / "seen"

    def states(self, look):
        """What is seen before each of its file operations, and at its end."""
        states = []

        def watched():
            exec(EACH, {"look": lambda: states.append(look())})  # noqa: S102
            code = cli.run(self.words)
            self.seen.write_text(json.dumps([*states, look()]))
            return code

        assert forked(watched) == 0
        return json.loads(self.seen.read_text())

    def __call__(self, number, what):
        def stopped():
            exec(HOOK % (number, what), {})  # noqa: S102
            return cli.run(self.words)

        return forked(stopped)


def forked(work):
    """The exit code of a process like this one that does the work."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fork beside threads, which this one does not use
        child = os.fork()
    if child == 0:
        code = 99
        with contextlib.suppress(BaseException):
            code = work()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


STOPS = pytest.mark.parametrize(
    "what", [KILL, INTERRUPT, NO_ROOM], ids=["killed", "Ctrl-C", "full disk"]
)
# Without room for what is temporary the template cannot be had, or the machine is to blame.
ENDS = {KILL: {0, -signal.SIGKILL}, INTERRUPT: {0, 130}, NO_ROOM: {0, 5, 6, 74}}


POINTS = 5


def digest(folder):
    """One word for all that a folder holds but git's own; none where it is not there."""
    if not folder.exists():
        return None
    held = sorted((path, data) for path, data in files(folder).items())
    return hashlib.sha256(repr(held).encode()).hexdigest()


class Looking:
    """Tells one state of a folder from others, without reading again what has not changed."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}

    def __call__(self):
        stats = []
        for place, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if name != ".git"]
            found = (Path(place, name).lstat() for name in names)
            stats += [(stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in found]
        key = (self.folder.exists(), *sorted(stats))
        if key not in self.known:
            self.known[key] = digest(self.folder)
        return self.known[key], self.left()

    def left(self):
        """What a run that is killed now leaves beside the files: what the next one finds."""
        beside = [re.sub("[0-9a-f]{8}$", "", p.name) for p in self.folder.parent.iterdir()]
        inside = list(self.folder.parent.glob(".blog.trellis-*/*"))
        kinds = [path.name for path in inside if path.name in {".git", "app", "uv.lock", ".env"}]
        git = self.folder / ".git"
        journal = [git / "trellis" / name for name in ("lock", "next", "journal")]
        journal += [folder / "plan.json" for folder in journal[1:]]
        return sorted([*beside, *kinds, *(str(path) for path in journal if path.exists())])


def points(states, what):
    """Where to stop: a kill beside each change of what it would leave, the rest anywhere."""
    number = len(states) - 1
    if os.environ.get("EVERY_OPERATION"):
        return range(1, number + 1)
    if what != KILL:
        spread = {number * step // POINTS for step in range(1, POINTS)}
        return sorted(spread | set(range(number - 9, number + 1, 3)))
    first, last = {}, {}
    for place, state in enumerate(states[:-1], 1):
        first.setdefault(repr(state), place)
        last[repr(state)] = place
    return sorted({*first.values(), *last.values()})


@pytest.mark.slow
@STOPS
def test_a_stopped_run_of_new_leaves_nothing_or_everything(trellis, tmp_path, what):
    words = ["new", "blog", "--yes", "--no-install", "-r", USER]
    assert trellis(*words).code == 0
    complete = digest(Path("blog"))
    shutil.rmtree("blog")
    stopped = Run(trellis, words, tmp_path)
    states = stopped.states(Looking(Path.cwd() / "blog"))
    assert len(states) > 200
    # At each of its operations: a kill leaves the disk as it is there.
    assert {state[0] for state in states} == {None, complete}
    for point in points(states, what):
        shutil.rmtree("blog", ignore_errors=True)

        code = stopped(point, what)

        assert code in ENDS[what]
        assert digest(Path("blog")) in {None, complete}
        if not Path("blog").exists():
            assert code != 0
            assert trellis(*words).code == 0
        assert digest(Path("blog")) == complete
        assert {path.name for path in Path.cwd().iterdir()} == {"blog"}


@pytest.mark.slow
@STOPS
@pytest.mark.parametrize("verb", ["add", "update"])
def test_a_stopped_run_leaves_the_service_untouched_or_complete(
    trellis, enter_blog, request, tmp_path, verb, what
):
    if verb == "update":
        request.getfixturevalue("newer_versions")
    folder = enter_blog(USER, POST)
    before = digest(folder)
    words = ADD if verb == "add" else ["update"]
    stopped = Run(trellis, words, tmp_path)
    states = stopped.states(Looking(folder))
    complete = digest(folder)
    assert complete != before
    assert len(states) > 500
    assert {state[0] for state in states} == {before, complete}
    for point in points(states, what):
        git(folder, "reset", "--quiet", "--hard")
        git(folder, "clean", "--quiet", "--force", "-d")
        assert digest(folder) == before

        code = stopped(point, what)
        settled(folder)

        now = digest(folder)
        assert now in {before, complete}
        assert code in ENDS[what]
        if now == before:
            assert code != 0
            assert trellis(*words).code == 0
            assert digest(folder) == complete


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


def test_a_service_in_use_is_left_alone(trellis, enter_blog):
    folder = enter_blog(USER, POST)
    with apply.alone(find_service()):
        result = trellis(*ADD)

    assert result.code == 7
    assert "another run" in result.err
    assert git(folder, "status", "--porcelain") == ""


def test_what_somebody_edited_after_a_kill_is_kept_and_named(journalled):
    folder, _, place = journalled
    (place / "kept").rename(place / "journal")
    (folder / "app/routes.py").write_text("mine\n")

    with pytest.raises(Exception, match=r"except for app/api\.py"):
        recover()

    assert (folder / "app/routes.py").read_text() == "mine\n"
    assert not (place / "journal").exists()


def test_a_journal_of_an_older_commit_is_forgotten(journalled):
    folder, _, place = journalled
    (place / "kept").rename(place / "journal")
    (folder / "mine.txt").write_text("mine")
    commit(folder)

    recover()

    assert not (place / "journal").exists()
    assert git(folder, "status", "--porcelain") == ""


def test_a_folder_that_is_a_link_is_not_followed(trellis, enter_blog, tmp_path):
    folder = enter_blog(USER, POST)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "app/comments").symlink_to(elsewhere)
    commit(folder)

    result = trellis(*ADD)

    assert result.code != 0
    assert list(elsewhere.iterdir()) == []
