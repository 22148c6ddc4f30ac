"""The command `trellis`: its verbs, and how their errors are printed."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, NoReturn

import typer

from trellis import __version__, console
from trellis.commands.add import add
from trellis.commands.change import change
from trellis.commands.new import new
from trellis.commands.options import options
from trellis.commands.remove import remove
from trellis.commands.resolve import resolve
from trellis.commands.restore import forget, restore
from trellis.commands.status import diff, status
from trellis.commands.update import update
from trellis.errors import EXIT_CODES, MachineError, Stopped, TrellisError, UsageError, as_document
from trellis.names import did_you_mean
from trellis.signals import raise_on_signals, translate_interrupts

_EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {why}" for code, why in EXIT_CODES.items())

COMMANDS = (new, change, update, resolve, status, diff, restore, forget, options)
GROUPS = {"add": add, "remove": remove}

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    app.command()(translate_interrupts(command))
for group_name, group in GROUPS.items():
    for entry in group.registered_commands:
        entry.callback = entry.callback and translate_interrupts(entry.callback)
    app.add_typer(group, name=group_name)


def _show_version(value: bool) -> None:  # noqa: FBT001 - what Typer calls
    if value:
        console.say(f"trellis {__version__}")
        raise typer.Exit


@app.callback(epilog=_EPILOG)
def trellis(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Render a complete FastAPI service from a few choices and a list of resources."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(words))


def run(words: Sequence[str]) -> int:
    """Runs one command; returns its exit code. Says every error in at most five lines."""
    as_json = "--json" in words
    try:
        with raise_on_signals():
            result = app(args=list(words) or ["--help"], prog_name="trellis", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except TrellisError as error:
        return _fail(error, as_json=as_json)
    except typer.TyperException as error:
        return _fail(_usage_error(error, words), as_json=as_json)
    except Stopped as stop:
        return _stop(stop, as_json=as_json)
    except Exception as error:
        if os.environ.get("TRELLIS_DEBUG"):
            raise
        if isinstance(error, OSError):
            return _fail(MachineError.from_os_error(error), as_json=as_json)
        what = f"unexpected {type(error).__name__}: {error}"
        fix = "please report it, with the output of TRELLIS_DEBUG=1 trellis …"
        return _fail(TrellisError(what, fix=fix), as_json=as_json)


def _fail(error: TrellisError, *, as_json: bool) -> int:
    if as_json:
        console.say_document(as_document(error))
    else:
        console.complain(error)
    return error.exit_code


def _stop(stop: Stopped, *, as_json: bool) -> int:
    if stop.kind == "closed":
        # Python would complain about its reader once more when it flushes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return stop.exit_code
    what = f"{stop.kind}; nothing half-made was left behind"
    if as_json:
        error = {"kind": stop.kind, "exit_code": stop.exit_code, "message": what}
        console.say_document({"error": error})
    else:
        console.say_note(what)
    return stop.exit_code


def _usage_error(error: typer.TyperException, words: Sequence[str]) -> UsageError:
    """The parser's error as a message of ours."""
    what = error.format_message()
    option = getattr(error, "option_name", None)
    context: typer.Context | None = getattr(error, "ctx", None)
    verb = next((word for word in words if not word.startswith("-")), "")
    path = context.command_path if context else f"trellis {verb}".rstrip()
    if option and context and what.startswith("No such option"):
        what = f"there is no option {option}{_suggest(option, _list_options(context))}"
    elif context and what.startswith("No such command"):
        names = [word for word in words if not word.startswith("-")]
        word = names[path.count(" ")]
        commands = getattr(context.command, "commands", {})
        what = f"there is no command {word!r}{_suggest(word, commands)}"
    return UsageError(what[:1].lower() + what[1:].rstrip("."), fix=f"see: {path} --help")


def _list_options(context: typer.Context) -> list[str]:
    names = (name for p in context.command.params for name in (*p.opts, *p.secondary_opts))
    return [name for name in names if name.startswith("-")]


def _suggest(word: str, known: Iterable[str]) -> str:
    match = did_you_mean(word, known)
    return f"; {match}" if match else ""
