"""`.trellisignore`: the rendered files that a service does without, or has made its own."""

from collections.abc import Collection

from trellis.files import File, Files

FILE = ".trellisignore"
_HEADER = "# Files of the template that Trellis leaves alone: trellis forget, trellis restore.\n"


def read(files: Files) -> frozenset[str]:
    """The paths that are listed."""
    text = files[FILE].data.decode("utf-8", "replace") if FILE in files else ""
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))


def leave_out(files: Files, paths: Collection[str]) -> Files:
    """The files but for those that are forgotten."""
    return {path: file for path, file in files.items() if path not in paths}


def write(paths: Collection[str]) -> File | None:
    """The list; None when nothing is left on it."""
    if not paths:
        return None
    return File("100644", (_HEADER + "".join(f"{path}\n" for path in sorted(paths))).encode())
