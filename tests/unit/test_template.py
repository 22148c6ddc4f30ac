import os
import subprocess
import sys
import tempfile

import pytest
from support.commands.cli import commit, git
from support.commands.tiny import write_template
from trellis.errors import Problem, TemplateError
from trellis.template import bundle, source
from trellis.template.version import load_directory, open_template

BLOG = {"project_name": "Blog API", "resources": [{"name": "user", "fields": []}]}


@pytest.fixture
def plain(tmp_path):
    return load_directory(write_template(tmp_path / "plain"))


@pytest.fixture
def own(tiny, monkeypatch):
    monkeypatch.setattr(source, "find_checkout", lambda: tiny)
    return tiny


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_questions_are_those_that_can_be_answered(plain):
    names = [question.name for question in plain.questions]

    assert names[0] == "project_name"
    assert names[-1] == "resources"
    assert "slug" not in names


def test_choices_begin_with_the_default(plain):
    by_name = {question.name: question for question in plain.questions}

    assert by_name["api"].values == ("async", "sync")
    assert by_name["orm"].choices == (("SQLAlchemy", "sqlalchemy"), ("SQLModel", "sqlmodel"))
    assert by_name["docker"].values == (True, False)
    assert by_name["project_name"].values == ()


def test_a_valid_blueprint_has_no_problem(plain):
    assert plain.validate({}) == []
    assert plain.validate(BLOG) == []


def test_problems_name_their_place(plain):
    resources = [
        {"name": "class", "fields": []},
        {"name": "post", "fields": [{"name": "a", "type": "reference", "to": "user"}]},
    ]

    assert plain.validate({"project_name": "", "api": "asnc", "resources": resources}) == [
        Problem("project_name", "must not be empty"),
        Problem("api", "'asnc' is not a choice; did you mean async? Use one of async, sync"),
        Problem("resources[0].name", "'class' is a keyword"),
        Problem("resources[1].fields[0].to", "there is no 'user'"),
    ]


def test_a_rule_that_fails_is_the_fault_of_the_template(tmp_path):
    root = write_template(tmp_path / "faulty")
    faulty = (
        "{% macro text(value) %}{% endmacro %}{% macro named(r) %}{{ r[0].name }}{% endmacro %}"
    )
    (root / "template/rules.jinja").write_text(faulty)

    with pytest.raises(TemplateError, match="cannot be rendered"):
        load_directory(root).validate({"resources": [3]})


def test_rendering_a_directory_needs_no_git(plain, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")

    plain.render(BLOG, tmp_path / "blog")

    files = contents(tmp_path / "blog")
    assert files["README.md"] == "# Blog API\n"
    assert files["app/user.py"] == "NAME = 'user'\n"
    assert "_src_path: git+trellis://fastapi" in files[".copier-answers.yml"]


def test_values_are_data_and_never_templates(plain, tmp_path):
    name = """Zoë's "Tasks" {{ app }} {% raw %} #1"""

    plain.render({"project_name": name}, tmp_path / "blog")

    assert contents(tmp_path / "blog")["README.md"] == f"# {name}\n"


def test_rendering_again_and_again_gives_the_same(plain, tmp_path):
    for folder in ("one", "other", "two"):
        plain.render(BLOG if folder != "other" else {}, tmp_path / folder)

    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert "app/task.py" in contents(tmp_path / "other")


def test_a_checkout_is_rendered_at_its_newest_release(own, tmp_path):
    (own / "template/service/README.md.jinja").write_text("later\n")
    commit(own, "Not released")

    with open_template() as opened:
        assert opened.version == "v1.0.0"
        opened.render(BLOG, tmp_path / "blog")

    files = contents(tmp_path / "blog")
    assert files["README.md"] == "# Blog API\n"
    assert "_commit: v1.0.0" in files[".copier-answers.yml"]
    assert "_src_path: git+trellis://fastapi" in files[".copier-answers.yml"]


def test_without_a_release_it_is_rendered_at_its_head(own, tmp_path):
    git(own, "tag", "-d", "v1.0.0")

    with open_template() as opened:
        assert opened.version == git(own, "rev-parse", "--short", "HEAD").strip()
        opened.render(BLOG, tmp_path / "blog")

    assert "README.md" in contents(tmp_path / "blog")


def test_changes_that_are_not_committed_are_remarked_on(own):
    (own / "copier.yml").write_text((own / "copier.yml").read_text() + "\n")

    with open_template() as opened:
        assert "not committed" in opened.remark


def test_a_checkout_without_git_is_rendered_as_it_is(tmp_path, monkeypatch):
    root = write_template(tmp_path / "tarball")
    monkeypatch.setattr(source, "find_checkout", lambda: root)

    with open_template() as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert "README.md" in contents(tmp_path / "blog")
    assert not (root / ".git").exists()


def test_a_bundle_is_as_good_as_a_checkout(own, tmp_path, monkeypatch):
    with open_template() as opened:
        opened.render(BLOG, tmp_path / "from-checkout")
    package = tmp_path / "with space = and [brackets]"
    package.mkdir()
    bundle.build(own, package / bundle.FILE_NAME)
    monkeypatch.setattr(source, "find_checkout", lambda: None)
    monkeypatch.setattr(source, "__file__", str(package / "template/source.py"))

    with open_template() as opened:
        opened.render(BLOG, tmp_path / "from-bundle")

    assert contents(tmp_path / "from-bundle") == contents(tmp_path / "from-checkout")


def test_an_installation_without_a_template_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "find_checkout", lambda: None)
    monkeypatch.setattr(source, "__file__", str(tmp_path / "template/source.py"))

    with pytest.raises(TemplateError, match="carries no template"), open_template():
        pass


def test_git_is_asked_for_when_it_is_missing(own, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(TemplateError, match="git is not installed"), open_template():
        pass


@pytest.mark.parametrize(
    "config",
    [
        "[protocol]\nallow = never\n",
        '[url "https://nowhere.invalid/"]\ninsteadOf = trellis://\n',
        "[core]\nautocrlf = true\n",
        "[safe]\nbareRepository = explicit\n",
        "[uploadpack]\nhideRefs = refs\n",
        "not a configuration",
    ],
)
def test_the_users_git_configuration_does_not_matter(own, tmp_path, home, config):
    (home / ".gitconfig").write_text(config)

    with open_template() as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert (tmp_path / "blog/README.md").read_bytes() == b"# Blog API\n"


def test_the_environment_of_a_git_hook_does_not_matter(own, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    with open_template() as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert os.environ["GIT_DIR"] == str(tmp_path / "nowhere")


def test_settings_of_copiers_own_do_not_matter(own, tmp_path, home):
    (home / ".config/copier").mkdir(parents=True)
    (home / ".config/copier/settings.yml").write_text("defaults: {api: sync}\n")

    with open_template() as opened:
        opened.render({}, tmp_path / "blog")

    assert "api: async" in contents(tmp_path / "blog")[".copier-answers.yml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_another_user_is_used(own, tmp_path):
    subprocess.run(["chown", "-R", "12345:12345", str(own)], check=True)

    with open_template() as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert "README.md" in contents(tmp_path / "blog")


def test_a_shallow_checkout_is_used(own, tmp_path, monkeypatch):
    commit(own, "More")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{own}", "shallow")
    monkeypatch.setattr(source, "find_checkout", lambda: tmp_path / "shallow")

    with open_template() as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert "README.md" in contents(tmp_path / "blog")


def test_nothing_is_written_outside_of_the_destination(own, tmp_path, home, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = sorted(home.rglob("*"))

    with open_template() as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert sorted(home.rglob("*")) == before
    assert list(scratch.iterdir()) == []
    assert git(own, "status", "--porcelain") == ""
    assert git(own, "worktree", "list").count("\n") == 1


def test_a_template_of_ones_own_is_recorded_by_its_address(tiny, tmp_path):
    with open_template(str(tiny)) as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert f"_src_path: {tiny}" in contents(tmp_path / "blog")[".copier-answers.yml"]


def test_a_relative_address_is_recorded_in_full(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tiny.parent)

    with open_template("tiny") as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert f"_src_path: {tiny}" in contents(tmp_path / "blog")[".copier-answers.yml"]


@pytest.mark.parametrize("address", ["nowhere", "git+file:///nowhere/at/all"])
def test_a_template_that_is_not_there_is_refused(work, address):
    with pytest.raises(TemplateError), open_template(address):
        pass


def test_a_password_in_an_address_is_refused():
    with (
        pytest.raises(TemplateError, match="password"),
        open_template("https://ada:secret@example.org/t.git"),
    ):
        pass


def test_a_broken_template_names_the_line(tmp_path):
    root = write_template(tmp_path / "broken")
    (root / "template/service/README.md.jinja").write_text("# x\n{{ nothing }}\n")

    with pytest.raises(TemplateError) as caught:
        load_directory(root).render(BLOG, tmp_path / "blog")

    assert "'nothing' is undefined" in caught.value.what
    assert caught.value.where.endswith("README.md.jinja, line 2")


def test_copier_says_nothing(own, tmp_path, capfd):
    git(own, "tag", "-d", "v1.0.0")

    with open_template() as opened:
        opened.render(BLOG, tmp_path / "blog")

    assert capfd.readouterr() == ("", "")


def test_our_own_template_can_be_asked_without_opening_it():
    code = (
        "from trellis.template import version; "
        "print(len(version.open_own().questions), version.open_own().validate({}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith(" []\n")
