"""The variants that are tested: the core variants, and a covering array of all choices.

In tests/, `python -m support.matrix` lists them; `--json` and `--github` are for programs.
"""

import argparse
import itertools
import json
import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allpairspy import AllPairs
from trellis.template import version as template

CORE_AXES = ("api", "orm", "database")
SETS = ("core", "covering", "all", "full")


@dataclass(frozen=True)
class Variant:
    """One full combination of choices, under the name that CI shows."""

    id: str
    choices: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the id, then the choices."""
        return {"id": self.id, **self.choices}


def choices() -> dict[str, tuple[Any, ...]]:
    """The closed choices of our own template, the default of each first."""
    return {q.name: q.values for q in template.open_own().questions if q.values}


def core(known: Mapping[str, Sequence[Any]] | None = None) -> list[Variant]:
    """api × orm × database; every other choice at its default."""
    known = known or choices()
    defaults = {key: values[0] for key, values in known.items()}
    axes = [key for key in CORE_AXES if key in known]
    return [
        Variant(
            "-".join(map(str, combination)), defaults | dict(zip(axes, combination, strict=True))
        )
        for combination in itertools.product(*(known[axis] for axis in axes))
    ]


def covering(known: Mapping[str, Sequence[Any]] | None = None) -> list[Variant]:
    """A small set of variants in which every pair of values of two choices occurs."""
    known = known or choices()
    return [_named(row._asdict()) for row in AllPairs(OrderedDict(known))]


def full(known: Mapping[str, Sequence[Any]] | None = None) -> list[Variant]:
    """Every combination there is."""
    known = known or choices()
    return [
        _named(dict(zip(known, combination, strict=True)))
        for combination in itertools.product(*known.values())
    ]


def selection(name: str) -> list[Variant]:
    """The variants of a set: `all` (core and covering, for CI) or `full` (all combinations)."""
    if name == "all":
        known = [variant.choices for variant in core()]
        return [*core(), *(variant for variant in covering() if variant.choices not in known)]
    return {"core": core, "covering": covering, "full": full}[name]()


def shard(variants: Sequence[Variant], part: str) -> list[Variant]:
    """Part I of N parts of about equal size; the argument is "I/N"."""
    number, slash, count = part.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 0 < int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{part!r} is not of the form I/N, such as 1/4")
    return list(variants[int(number) - 1 :: int(count)])


def uncovered_pairs(
    variants: Iterable[Variant], known: Mapping[str, Sequence[Any]]
) -> set[tuple[tuple[str, Any], tuple[str, Any]]]:
    """The pairs of values that occur in none of the variants."""
    wanted = {
        ((one, a), (other, b))
        for one, other in itertools.combinations(known, 2)
        for a, b in itertools.product(known[one], known[other])
    }
    met = {pair for v in variants for pair in itertools.combinations(v.choices.items(), 2)}
    return wanted - met


def _named(values: Mapping[str, Any]) -> Variant:
    words = (_word(key, value) for key, value in values.items())
    return Variant("-".join(words), dict(values))


def _word(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return key if value else f"no_{key}"
    if key == "python_version":
        return "py" + str(value).replace(".", "")
    return f"no_{key}" if value == "none" else str(value)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the variants: an id a line, one JSON document, or a line for $GITHUB_OUTPUT."""
    parser = argparse.ArgumentParser(prog="python -m support.matrix", description=main.__doc__)
    parser.add_argument("--set", choices=SETS, default="all")
    parser.add_argument("--shard", metavar="I/N", default="1/1", help="only this part of them")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true")
    output.add_argument("--github", action="store_true", help='matrix={"include": [...]}')
    options = parser.parse_args(arguments)
    try:
        chosen = [variant.as_dict() for variant in shard(selection(options.set), options.shard)]
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    if options.json:
        text = json.dumps({"set": options.set, "shard": options.shard, "variants": chosen})
    elif options.github:
        text = "matrix=" + json.dumps({"include": chosen}, separators=(",", ":"))
    else:
        text = "\n".join(variant["id"] for variant in chosen)
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
