"""A service is as it was or as it is to be: after a kill, a full disk, Ctrl-C, a race."""

import errno
import fcntl
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from living import COMMENT, POST, USER, command, commit, files, git
from trellis import applying, evolution, journal, service

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
KILL = "os.kill(os.getpid(), 9)"
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
    with applying.alone(service.find()):
        pass


@pytest.fixture
def journalled(trellis, blog, monkeypatch):
    """A blog without comments, and a journal that would add them."""
    folder = blog(USER, POST)
    before = files(folder)
    spawned = []

    def publish(found, changes, stages, lock):
        place = found.repository.git_dir / "trellis"
        journal.write(place, found.root, found.repository.head, changes, "")
        (place / "next").rename(place / "kept")
        spawned.append(place)

    monkeypatch.setattr(evolution.applying, "publish", publish)
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


@pytest.mark.parametrize("number", [1, 150, 300, 320, 335, 345, 500])
def test_a_killed_run_leaves_the_service_untouched_or_complete(blog, released, made, number):
    folder = blog(USER, POST)
    before = files(folder)

    killed = run(command(released, HOOK % (number, KILL)) + ADD)
    settled(folder)

    words = [word for text in (USER, POST, COMMENT) for word in ("-r", text)]
    assert files(folder) in (before, files(made(*words)))
    assert killed.returncode in {-signal.SIGKILL, 0}
    git(folder, "reset", "--quiet", "--hard")
    again = run(command(released) + ADD)
    assert again.returncode == 0, again.stderr
    assert files(folder) == files(made(*words))


def test_ctrl_c_leaves_the_service_untouched_or_complete(blog, released):
    folder = blog(USER, POST)
    before = files(folder)
    for delay in (0.4, 0.8, 1.2, 1.6):
        running = subprocess.Popen(
            command(released) + ADD, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        time.sleep(delay)
        running.send_signal(signal.SIGINT)
        running.communicate()
        settled(folder)

        now = files(folder)
        assert now == before or "tests/comments/test_comments.py" in now
        git(folder, "reset", "--quiet", "--hard")
        assert git(folder, "status", "--porcelain") == ""


def test_of_two_runs_at_once_one_wins(blog, released):
    folder = blog(USER, POST)
    words = [ADD, ["add", "resource", "tag", "label:string:40"]]

    runs = [
        subprocess.Popen(command(released) + w, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for w in words
    ]
    codes = [(run.communicate(), run.returncode)[1] for run in runs]

    assert sorted(codes) == [0, 7]
    winner = ["comments", "tags"][codes.index(0)]
    assert (folder / "app" / winner / "models.py").exists()
    assert not (folder / "app" / ["tags", "comments"][codes.index(0)]).exists()


def test_a_service_in_use_is_left_alone(trellis, blog):
    folder = blog(USER, POST)
    with applying.alone(service.find()):
        result = trellis(*ADD)

    assert result.code == 7
    assert "another run" in result.err
    assert git(folder, "status", "--porcelain") == ""


def test_what_somebody_edited_after_a_kill_is_kept_and_named(journalled):
    folder, _, place = journalled
    (place / "kept").rename(place / "journal")
    (folder / "app/api.py").write_text("mine\n")

    with pytest.raises(Exception, match=r"except for app/api\.py"):
        recover()

    assert (folder / "app/api.py").read_text() == "mine\n"
    assert not (place / "journal").exists()


def test_a_journal_of_an_older_commit_is_forgotten(journalled):
    folder, _, place = journalled
    (place / "kept").rename(place / "journal")
    (folder / "mine.txt").write_text("mine")
    commit(folder)

    recover()

    assert not (place / "journal").exists()
    assert git(folder, "status", "--porcelain") == ""


def test_a_folder_that_is_a_link_is_not_followed(trellis, blog, tmp_path):
    folder = blog(USER, POST)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "app/comments").symlink_to(elsewhere)
    commit(folder)

    result = trellis(*ADD)

    assert result.code != 0
    assert list(elsewhere.iterdir()) == []
