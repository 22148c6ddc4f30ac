import errno
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from trellis import locks
from trellis.errors import DestinationError, TemplateError
from trellis.service import staging
from trellis.service.destination import check_destination

# A run that waits at the point where the test kills it.
STUCK = """
import sys, time
from pathlib import Path
from trellis import signals
from trellis.service import staging
from trellis.service.destination import check_destination

with signals.raise_on_signals(), staging.stage(check_destination("blog")) as staged:
    (staged.path / "half").write_text("written")
    print("ready", flush=True)
    while True:
        time.sleep(0.1)
"""


def leftovers(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def stuck(work):
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=work
    )
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.communicate()


def test_a_service_appears_whole(work):
    with staging.stage(check_destination("blog")) as staged:
        (staged.path / "app").mkdir()
        (staged.path / "app/main.py").write_text("x")
        assert not (work / "blog").exists()
        assert staged.path.parent == work
        assert staged.path.name.startswith(".blog.trellis-")
        staged.publish()

    assert leftovers(work) == ["blog"]
    assert staging.list_files(work / "blog") == ["app/main.py"]


def test_missing_parents_are_made_when_it_appears(work):
    with staging.stage(check_destination("a/b/blog")) as staged:
        assert leftovers(work) == [staged.path.name]
        staged.publish()

    assert (work / "a/b/blog").is_dir()
    assert leftovers(work) == ["a"]


def test_an_empty_directory_keeps_its_mode(work):
    (work / "blog").mkdir(mode=0o750)

    with staging.stage(check_destination("blog")) as staged:
        staged.publish()

    assert (work / "blog").stat().st_mode & 0o777 == 0o750


def test_a_new_directory_has_the_mode_of_any_other(work):
    (work / "other").mkdir()

    with staging.stage(check_destination("blog")) as staged:
        staged.publish()

    assert (work / "blog").stat().st_mode == (work / "other").stat().st_mode


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_a_run_that_fails(work, error):
    def run():
        with staging.stage(check_destination("a/blog")) as staged:
            (staged.path / "file").touch()
            raise error

    with pytest.raises(error):
        run()

    assert leftovers(work) == []


def test_a_full_disk_is_a_refusal(work):
    with (
        pytest.raises(DestinationError, match="No space left"),
        staging.stage(check_destination("blog")),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert leftovers(work) == []


def test_parents_are_taken_back_when_the_last_step_fails(work, monkeypatch):
    def fail(self, target):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "rename", fail)

    with pytest.raises(DestinationError), staging.stage(check_destination("a/b/blog")) as staged:
        staged.publish()

    assert leftovers(work) == []


def put_directory(path):
    path.mkdir()
    (path / "mine").touch()


@pytest.mark.parametrize(
    "put", [put_directory, Path.touch, lambda path: path.symlink_to("nowhere")]
)
def test_what_is_put_there_meanwhile_is_untouched(work, put):
    def run():
        with staging.stage(check_destination("blog")) as staged:
            (staged.path / "file").touch()
            put(work / "blog")
            staged.publish()

    with pytest.raises(DestinationError, match="is taken"):
        run()

    assert leftovers(work) == ["blog"]
    assert not (work / "blog/file").exists()


def test_one_of_two_wins(work):
    barrier = threading.Barrier(8)
    results = []

    def run(number):
        try:
            with staging.stage(check_destination("a/blog")) as staged:
                (staged.path / f"{number}").touch()
                barrier.wait()
                staged.publish()
            results.append("won")
        except DestinationError:
            results.append("lost")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["lost"] * 7 + ["won"]
    assert leftovers(work) == ["a"]
    assert leftovers(work / "a") == ["blog"]
    assert len(leftovers(work / "a/blog")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(work, stuck, number):
    stuck.send_signal(number)
    stuck.wait(timeout=30)

    assert leftovers(work) == []


def test_a_killed_run_leaves_no_destination_and_the_next_one_cleans_up(work, stuck):
    stuck.send_signal(signal.SIGKILL)
    stuck.wait(timeout=30)
    assert [name for name in leftovers(work) if not name.startswith(".blog.trellis-")] == []
    assert len(leftovers(work)) == 1

    with staging.stage(check_destination("blog")) as staged:
        staged.publish()

    assert leftovers(work) == ["blog"]


def test_a_run_that_lives_is_left_alone(work, stuck):
    with staging.stage(check_destination("blog")) as staged:
        staged.publish()

    assert sorted(leftovers(work))[1:] == ["blog"]
    assert (work / min(leftovers(work)) / "half").exists()


def test_a_forked_child_removes_nothing_of_its_parents(work):
    parent = os.getpid()
    try:
        with staging.stage(check_destination("blog")) as staged, locks.make_temporary() as folder:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a fork beside threads
                child = os.fork()
            if child:  # the child leaves both blocks
                os.waitpid(child, 0)
                there = [staged.path.is_dir(), folder.is_dir()]
    finally:
        if os.getpid() != parent:
            os._exit(0)

    assert there == [True, True]
    assert leftovers(work) == []


def test_only_our_own_leftovers_are_swept(work):
    for name in [".blog.trellis-1", ".blog2.trellis-1"]:
        (work / name).mkdir()
    (work / "elsewhere").mkdir()
    (work / ".blog.trellis-link").symlink_to("elsewhere")
    (work / ".blog.trellis-file").touch()

    locks.sweep(work, ".blog.trellis-")

    assert sorted(leftovers(work)) == [
        ".blog.trellis-file",
        ".blog.trellis-link",
        ".blog2.trellis-1",
        "elsewhere",
    ]


@pytest.mark.parametrize("name", ["x" * 255, "ë" * 127])
def test_the_longest_names_fit(work, name):
    with staging.stage(check_destination(name)) as staged:
        staged.publish()

    assert leftovers(work) == [name]


def test_a_rendering_without_answers_is_refused(tmp_path):
    (tmp_path / "README.md").touch()

    with pytest.raises(TemplateError, match=r"renders no \.copier-answers\.yml"):
        staging.verify(tmp_path, ".copier-answers.yml")


@pytest.mark.parametrize("name", ["{{ slug }}.py", "a.jinja", "{% if x %}.py"])
def test_a_file_whose_name_was_not_rendered_is_refused(tmp_path, name):
    (tmp_path / ".copier-answers.yml").touch()
    (tmp_path / name).touch()

    with pytest.raises(TemplateError, match="unrendered"):
        staging.verify(tmp_path, ".copier-answers.yml")


def test_the_environment_file_is_copied_once(tmp_path):
    assert staging.copy_environment_file(tmp_path) is False
    (tmp_path / ".env.example").write_text("A=1\n")

    assert staging.copy_environment_file(tmp_path) is True
    assert staging.copy_environment_file(tmp_path) is False
    assert (tmp_path / ".env").read_text() == "A=1\n"


def test_a_second_interrupt_does_not_stop_the_cleaning(work, monkeypatch):
    remove = staging.shutil.rmtree

    def slowly(path, **options):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        remove(path, **options)

    monkeypatch.setattr(staging.shutil, "rmtree", slowly)

    with pytest.raises(RuntimeError), staging.stage(check_destination("blog")):
        raise RuntimeError

    assert leftovers(work) == []
