import os
from pathlib import Path

import pytest
from trellis.errors import DestinationError
from trellis.service.destination import check_destination


def refusal(given):
    with pytest.raises(DestinationError) as caught:
        check_destination(given)
    return caught.value


def test_a_new_place_is_accepted(work):
    place = check_destination("blog")

    assert (place.path, place.anchor) == (work / "blog", work)


def test_an_empty_directory_is_accepted(work):
    (work / "blog").mkdir()

    assert check_destination("blog").path == work / "blog"
    assert check_destination("blog/").path == work / "blog"


def test_the_empty_working_directory_is_accepted(work):
    place = check_destination(".")

    assert place.path == work
    assert place.is_working_directory


def test_missing_parents_are_accepted(work):
    place = check_destination("a/b/c")

    assert (place.path, place.anchor) == (work / "a/b/c", work)


@pytest.mark.parametrize("name", ["Zoë's blog", "日本", "a b", "-x", ".hidden"])
def test_names_may_have_spaces_and_letters_of_any_script(work, name):
    assert check_destination(name).path == work / name


def test_nothing_is_written(work):
    check_destination("a/b/c")

    assert list(work.iterdir()) == []


def test_a_file_is_refused(work):
    (work / "blog").touch()

    assert refusal("blog").what == "the destination is a file"


def test_a_fifo_is_refused(work):
    os.mkfifo(work / "blog")

    assert refusal("blog").what == "the destination is a file"


def test_a_directory_with_something_in_it_is_refused(work):
    (work / "blog").mkdir()
    (work / "blog/.hidden").touch()

    assert refusal("blog").what == "the destination is a directory that is not empty"


def test_a_file_on_the_way_is_refused(work):
    (work / "file").touch()

    assert "not a directory" in refusal("file/blog").what.casefold()
    assert "not a directory" in refusal("file/a/blog").what.casefold()


@pytest.mark.parametrize("target", ["empty", "file", "nowhere"])
def test_a_symlink_is_refused_whatever_it_leads_to(work, target):
    (work / "empty").mkdir()
    (work / "file").touch()
    (work / "blog").symlink_to(target)

    assert refusal("blog").what == "the destination is a symbolic link"


def test_a_symlink_on_the_way_may_stay_in_the_tree(work):
    (work / "real").mkdir()
    (work / "link").symlink_to("real")

    assert check_destination("link/blog").path == work / "real/blog"


@pytest.mark.parametrize("absolute", [False, True])
def test_a_symlink_that_leaves_the_tree_is_refused(work, tmp_path, absolute):
    (tmp_path / "elsewhere").mkdir()
    (work / "link").symlink_to(tmp_path / "elsewhere")

    error = refusal(str(work / "link/blog") if absolute else "link/blog")

    assert "leads out of its folder" in error.what
    assert str(tmp_path / "elsewhere/blog") in error.fix


def test_the_same_holds_outside_of_the_working_directory(work, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/link").symlink_to(tmp_path / "elsewhere")

    assert "leads out of its folder" in refusal("../other/link/blog").what
    assert "leads out of its folder" in refusal(str(tmp_path / "other/link/blog")).what


def test_a_dangling_symlink_on_the_way_is_refused(work, tmp_path):
    (work / "link").symlink_to(tmp_path / "nowhere")

    assert "link without a target" in refusal("link/blog").what


def test_a_symlink_that_leads_into_the_tree_is_accepted(work, tmp_path):
    (tmp_path / "link").symlink_to(work)

    assert check_destination(str(tmp_path / "link/blog")).path == work / "blog"


def test_dots_after_a_symlink_are_followed_where_they_lead(work, tmp_path):
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (work / "link").symlink_to(tmp_path / "elsewhere/deep")

    assert "leads out of its folder" in refusal("link/../blog").what


def test_a_loop_of_symlinks_is_refused(work):
    (work / "a").symlink_to("b")
    (work / "b").symlink_to("a")

    assert "link without a target" in refusal("a/blog").what


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb", "a\x1bb", "a\udc80b", "a\u202eb", "x" * 256, "a\x00b"]
)
def test_names_that_no_folder_should_have_are_refused(work, name):
    refusal(name)


def test_a_name_that_no_file_system_takes_is_refused(work):
    assert "longer than 255 bytes" in refusal("x" * 256).what


def test_a_mount_point_is_refused():
    assert "is a mount point" in refusal("/").what


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_writable_is_refused(work):
    work.chmod(0o500)
    try:
        assert "is not writable" in refusal("blog").what
    finally:
        work.chmod(0o700)


def test_links_of_the_system_are_its_own_affair(work, monkeypatch):
    real = Path("/bin")
    if not real.is_symlink():
        pytest.skip("this system has no such link")

    assert check_destination("/bin/trellis-test-blog").path == real.resolve() / "trellis-test-blog"
