"""Names of projects, and suggestions for misspelt words."""

import difflib
import re
from collections.abc import Iterable

_CLOSED = re.compile(r"'(?P<word>.*)' (?P<what>is not .*); use one of (?P<known>.+)", re.DOTALL)
_ACRONYMS = frozenset({"ai", "api", "cms", "crm", "db", "erp", "http", "id", "iot", "ml", "ui"})


def name_project(folder: str) -> str:
    """`blog-api` is called Blog API; a name that has capitals of its own keeps them."""
    words = re.split(r"[-_.\s]+", folder)
    return " ".join(_capitalize(word) for word in words if word)


def _capitalize(word: str) -> str:
    if word in _ACRONYMS:
        return word.upper()
    return word[:1].upper() + word[1:] if word.islower() else word


def find_nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that the word most resembles, if any does."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)
    return by_folded[matches[0]] if matches else None


def did_you_mean(word: str, candidates: Iterable[str], otherwise: str = "") -> str:
    """`did you mean async?`; something else where the word resembles no candidate."""
    match = find_nearest(word, candidates)
    return f"did you mean {match}?" if match else otherwise


def not_one_of(word: str, candidates: Iterable[str], what: str = "is not a choice") -> str:
    """`'asnc' is not a choice; did you mean async? Use one of async, sync`."""
    known = list(candidates)
    match = did_you_mean(word, known)
    return f"'{word}' {what}{f'; {match}' if match else '.'} Use one of {', '.join(known)}"


def suggest(message: str) -> str:
    """The message, with the nearest option where it says `'X' is not …; use one of A, B`."""
    if not (found := _CLOSED.fullmatch(message)):
        return message
    return not_one_of(found["word"], found["known"].split(", "), found["what"])
