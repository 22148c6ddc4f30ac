"""Measures the generator against its targets: `make bench`.

Figures are medians of several rounds. If the machine has other load, the ratios of one run are more
reliable than the times.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trellis.template import version as template

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
FIELDS = [
    {"name": "title", "type": "string", "max_length": 200, "index": True},
    {"name": "state", "type": "enum", "values": ["new", "done"], "default": "new"},
    {"name": "price", "type": "decimal", "precision": 12, "scale": 2},
    {"name": "sent_at", "type": "datetime", "optional": True},
]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run at all?")
    quick = parser.parse_args().quick
    rounds, sizes = (2, (1, 3, 5)) if quick else (7, (1, 10, 50))

    rows = [*rendering(rounds, sizes), *command_line(rounds)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print(
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        )


def rendering(rounds: int, sizes: tuple[int, ...]) -> list[tuple[str, str, str]]:
    """Renders one, some and many resources in this process."""
    seconds = {size: median(rounds, lambda size=size: render(size)) for size in sizes}
    first, last = sizes[0], sizes[-1]
    ratio = seconds[last] / seconds[first]
    rows = [("what", "measured", "target")]
    for size in sizes:
        target = "tens of ms" if size == first else ""
        rows.append((f"render {size} resource{'s' * (size > 1)}", ms(seconds[size]), target))
    rows.append((f"{last} resources / {first}", f"x {ratio:.1f}", f"<= x {last * 1.2:.0f}"))
    return rows


def command_line(rounds: int) -> list[tuple[str, str, str]]:
    """Runs commands in other processes."""
    bare = median(rounds, lambda: run("-c", "pass"))
    copier = median(rounds, lambda: run("-c", "import copier"))
    help_ = median(rounds, lambda: run("-m", "trellis", "--help"))
    new = median(rounds, new_service)
    return [
        ("python -c pass", ms(bare), ""),
        ("python -c 'import copier'", ms(copier), ""),
        ("trellis --help", ms(help_), "< 200 ms"),
        ("trellis new", ms(new), ""),
        ("trellis new, beyond Copier's import", ms(new - copier), "< 400 ms"),
    ]


def render(size: int) -> None:
    """Renders a service with a number of resources. Each refers to the previous one."""
    resources = [resource(number) for number in range(size)]
    with tempfile.TemporaryDirectory() as folder:
        template.open_own().render({"resources": resources}, Path(folder, "service"))


def resource(number: int) -> dict[str, Any]:
    reference = {"name": "parent", "type": "reference", "to": f"thing{max(number - 1, 0)}"}
    return {"name": f"thing{number}", "fields": [*FIELDS, reference | {"optional": True}]}


def new_service() -> None:
    """Makes a service of the default blueprint, without git and uv."""
    with tempfile.TemporaryDirectory() as folder:
        run("-m", "trellis", "new", f"{folder}/tasks", "--yes", "--no-git", "--no-install")


def run(*words: str) -> None:
    # With bytecode caches of Python and Jinja, as in normal use.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([PYTHON, *words], cwd=ROOT, env=env, check=True, capture_output=True)


def median(rounds: int, action: Callable[[], None]) -> float:
    """The median time in seconds, without the first round, which fills caches."""
    action()
    return statistics.median(timed(action) for _ in range(rounds))


def timed(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    main()
