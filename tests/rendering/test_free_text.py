"""Any text is allowed in names and descriptions: every file contains it and is still valid."""

import ast
import json
import tomllib
import unicodedata

import pytest
import yaml
from support.services import parsing
from support.services.renderings import ANSWERS_FILE, BLUEPRINTS, COVERING, TEMPLATE

TEXTS = {
    "quotes and braces": """Zoë's "Tasks" {{ app }} #1""",
    "the template language": "A {% raw %} {# comment #} {{ 7 * 7 }} {% endraw %}",
    "backslashes": r"back\slash \n \u0041 \N{BULLET} \\ end\\",
    "a backslash at the end": "Ends with a backslash \\",
    "dollars and percents": "$HOME ${HOME} $(whoami) $$ %(name)s %s 100% %d",
    "shell": "`id`; rm -rf / && echo 'a' | tee > b & !! ~ *",
    "triple quotes": "a \"\"\" b ''' c \"\"\"\" d",
    "only quotes around": "\"a\" 'b'",
    "html": "</script><b>bold</b> &amp; &lt; <!-- x --> <a@b.c>",
    "markdown": "# *bold* _under_ [link](http://x) ![i](j) ~~s~~ | pipe | \\* 1. - + > q ``` c ```",
    "yaml": "- a: b, [c] {d} !tag &anchor *alias % @ ` ? : | > # no",
    "yaml words": "yes, null: ~ 0x1F 1e3 2030-01-31",
    "toml and ini": "[section] key = 'value' ; comment",
    "emoji": "family 👨‍👩‍👧‍👦 flag 🏴󠁧󠁢󠁳󠁣󠁴󠁿 heart ❤️ a",
    "right to left": "a שלום عربى مرحبا",
    "accents": "Ünïcödé é ß ﬁ K a",
    "decomposed": "Zoe\u0301 a",
    "spaces of all kinds": "a\u00a0b\u2003c\u3000d",
    "python": "f'{x}' r'\\' b'' lambda: 0  # noqa",
    "docker": "FROM scratch # escape=` ONBUILD RUN x a",
    "long": "a" + " long" * 25,
}  # fmt: skip
# Together, these have every file that some choice adds.
VARIANTS = {
    "github": {"ci": "github", "docker": True, "database": "postgres", "orm": "sqlmodel"},
    "gitlab": {"ci": "gitlab", "docker": True, "database": "sqlite", "api": "sync"},
}


@pytest.fixture(params=TEXTS)
def text(request):
    return TEXTS[request.param]


@pytest.fixture(params=VARIANTS)
def service(request, text, rendered):
    answers = {"project_name": text, "description": text, "author_name": text}
    return rendered(BLUEPRINTS["blog"], VARIANTS[request.param], answers)


def test_every_file_parses(service, text):
    assert TEMPLATE.validate(service.blueprint) == []
    for name, content in service.files.items():
        try:
            parsing.parse(name, content, service.files)
        except Exception as error:
            raise AssertionError(f"{name}: {error}\n{content}") from error


def test_it_survives_in_pyproject(service, text):
    project = tomllib.loads(service.files["pyproject.toml"])["project"]

    assert project["description"] == text
    assert [author["name"] for author in project.get("authors", [])] in ([], [text])


def test_it_survives_in_the_application(service, text):
    tree = ast.parse(service.files["app/main.py"])
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    application = next(one for one in calls if ast.unparse(one.func) == "FastAPI")
    arguments = {keyword.arg: keyword.value for keyword in application.keywords}

    assert ast.literal_eval(arguments["title"]) == text
    if "summary" in arguments or "description" in arguments:
        said = arguments.get("summary") or arguments["description"]
        assert ast.literal_eval(said) == text


def test_it_survives_in_the_readme(service, text):
    readme = service.files["README.md"]

    assert parsing.heading(readme) == text
    assert text in parsing.paragraphs(readme)


def test_it_survives_in_the_answers(service, text):
    answers = yaml.safe_load(service.files[ANSWERS_FILE])

    assert {answers[key] for key in ("project_name", "description", "author_name")} == {text}


def test_names_that_derive_from_it_are_plain(service):
    name = tomllib.loads(service.files["pyproject.toml"])["project"]["name"]

    assert name.isascii()
    assert name == name.lower()
    assert 0 < len(name) <= 63
    assert name.strip("-") == name


def test_it_stands_in_no_other_file_than_with_a_plain_name(service, rendered):
    """Exactly these files contain it."""
    plain = {"project_name": "Plain", "description": "Nothing", "author_name": "Ada"}
    other = rendered(service.blueprint, plain)

    differing = {name for name, text in service.files.items() if other.files.get(name) != text}

    assert other.files.keys() == service.files.keys()
    assert differing <= {
        ANSWERS_FILE,
        ".env.example",
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        "AGENTS.md",
        "README.md",
        "app/main.py",
        "app/settings.py",
        "compose.yaml",
        "pyproject.toml",
    }


@pytest.mark.parametrize("choices", COVERING.values(), ids=COVERING)
def test_every_variant_parses_with_the_worst_name(choices, rendered):
    name = " ".join([TEXTS["quotes and braces"], TEXTS["backslashes"], TEXTS["triple quotes"]])
    answers = {"project_name": name, "description": name, "author_name": name}
    service = rendered(BLUEPRINTS["tasks"], choices, answers)

    for path, content in service.files.items():
        parsing.parse(path, content, service.files)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Tasks API", "tasks-api"),
        ("  Zoë's Café №1  ", "zoes-cafe-1"),
        ("FastAPI", "fastapi-service"),
        ("Straße & Söhne", "strasse-sohne"),
        ("x" * 128, "x" * 48),
        ("-- 2 --", "2"),
    ],
)
def test_names_are_derived_so_that_every_use_takes_them(name, slug, rendered):
    files = rendered({"project_name": name}).files

    assert tomllib.loads(files["pyproject.toml"])["project"]["name"] == slug


@pytest.mark.parametrize("value", ["", "ada@example.com", "a.b+c@mail.example.co.uk"])
def test_an_address_survives(value, rendered):
    files = rendered({"author_name": "Ada", "author_email": value}).files

    assert yaml.safe_load(files[ANSWERS_FILE])["author_email"] == value
    assert json.dumps(value)[1:-1] in files["pyproject.toml"]


def test_texts_are_trimmed(rendered):
    files = rendered({"project_name": "  Blog  ", "description": " It blogs. "}).files

    assert parsing.heading(files["README.md"]) == "Blog"
    assert tomllib.loads(files["pyproject.toml"])["project"]["description"] == "It blogs."


def test_the_texts_are_what_they_say():
    assert unicodedata.normalize("NFC", TEXTS["decomposed"]) != TEXTS["decomposed"]
    assert all(len(text) <= 128 for text in TEXTS.values())
