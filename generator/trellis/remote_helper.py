"""`git-remote-trellis`: git finds `trellis://fastapi` in this installation, as plain Copier asks.

Git starts it with the remote's name and address, and talks to it: gitremote-helpers(7), `connect`.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from trellis import console, git
from trellis.errors import Stopped, TemplateError, TrellisError
from trellis.signals import raise_on_signals
from trellis.template import source

_SERVICE = b"connect git-upload-pack"


def main() -> NoReturn:
    """Serves git on stdin and stdout, until it has what it wants."""
    try:
        with raise_on_signals():
            sys.exit(_serve(sys.argv[1:]))
    except TrellisError as error:
        console.complain(error)
        sys.exit(error.exit_code)
    except Stopped as stop:
        sys.exit(stop.exit_code)


def _serve(words: Sequence[str]) -> int:
    if not words or f"git+{words[-1]}" != source.URL:
        fix = f"the only one is {source.URL}"
        raise TemplateError(f"Trellis has no template at {words[-1] if words else ''}", fix=fix)
    # Without a buffer: what follows the command is for upload-pack, which inherits stdin.
    with open(0, "rb", buffering=0, closefd=False) as commands:
        while command := commands.readline().strip():
            if command == _SERVICE:
                os.write(1, b"\n")
                return _upload()
            os.write(1, b"connect\n\n" if command == b"capabilities" else b"fallback\n")
    return 0


def _upload() -> int:
    """Has git send what is asked for of the template's repository."""
    with tempfile.TemporaryDirectory(prefix="trellis-") as folder:
        scratch = Path(folder)
        origin = source.find_source(None, scratch)
        store = origin.store or scratch
        if store.is_file():
            words = ["clone", "--quiet", "--mirror", str(store), str(scratch / "bare")]
            git.git(scratch, *words, isolated=True)
            store = scratch / "bare"
        return git.connect("upload-pack", str(store))
