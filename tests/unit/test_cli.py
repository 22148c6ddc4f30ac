import io

import pytest
from trellis import __version__, cli, console
from trellis.errors import EXIT_CODES, TrellisError


def test_the_version_is_told(trellis):
    assert trellis("--version").out == f"trellis {__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["-h"], []])
def test_help_documents_the_exit_codes(trellis, words):
    result = trellis(*words)

    assert result.code == 0
    assert all(f"{code}  {why}" in result.out for code, why in EXIT_CODES.items())


@pytest.mark.parametrize(
    "verb",
    [
        *([command.__name__] for command in cli.COMMANDS),
        *(
            [name, entry.callback.__name__]
            for name, group in cli.GROUPS.items()
            for entry in group.registered_commands
        ),
    ],
    ids=" ".join,
)
def test_the_help_of_a_verb_leaves_the_exit_codes_to_the_help_of_trellis(trellis, verb):
    result = trellis(*verb, "--help")

    assert result.code == 0
    assert "Exit codes" not in result.out


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["nwe", "blog"],
            ["error: there is no command 'nwe'; did you mean new?", "  fix: see: trellis --help"],
        ),
        (
            ["add", "resorce", "x"],
            [
                "error: there is no command 'resorce'; did you mean resource?",
                "  fix: see: trellis add --help",
            ],
        ),
        (
            ["add", "resource"],
            ["error: missing argument 'NAME'", "  fix: see: trellis add resource --help"],
        ),
        (["zzz"], ["error: there is no command 'zzz'", "  fix: see: trellis --help"]),
        (
            ["new", "blog", "--no-dokcer"],
            [
                "error: there is no option --no-dokcer; did you mean --no-docker?",
                "  fix: see: trellis new --help",
            ],
        ),
        (
            ["new", "a", "b"],
            ["error: got unexpected extra argument(s) (b)", "  fix: see: trellis new --help"],
        ),
        (
            ["new", "a", "--name"],
            ["error: option '--name' requires an argument", "  fix: see: trellis new --help"],
        ),
        (
            ["nw\x1b[31me"],
            [r"error: there is no command 'nw\x1b[31me'", "  fix: see: trellis --help"],
        ),
    ],
)
def test_the_parsers_errors_are_in_our_voice(trellis, words, lines):
    result = trellis(*words)

    assert result.code == 2
    assert result.err.splitlines() == lines


def test_no_command_shows_the_help(trellis):
    result = trellis()

    assert "Commands:" in result.out
    assert result.code == 0


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_colour_is_for_terminals(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert console.style("x", "red", on=Terminal()) == "\033[31mx\033[0m"
    assert console.style("x", "red", on=io.StringIO()) == "x"


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    assert console.style("x", "red", on=Terminal()) == "x"


def test_what_an_encoding_lacks_is_escaped(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(console.sys, "stderr", stream)

    console.complain(TrellisError("Zoë"))

    assert stream.buffer.getvalue() == b"error: Zo\\xeb\n"


def test_progress_is_taken_back(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(console.sys, "stderr", stream)

    with console.progress("Waiting"):
        while "Waiting" not in stream.getvalue():
            pass

    assert stream.getvalue().endswith("\r\033[K")


def test_progress_is_for_terminals(capsys):
    with console.progress("Waiting"):
        pass

    assert capsys.readouterr() == ("", "")


def test_a_table_has_aligned_columns():
    assert console.format_table([("a", "bb"), ("ccc", "d")]) == "a    bb\nccc  d"


def test_a_tree_has_folders_first():
    lines = ["├── a/", "│   ├── c/", "│   │   └── e", "│   └── d", "└── b"]

    assert console.format_tree(["b", "a/d", "a/c/e"]) == lines
