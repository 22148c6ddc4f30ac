"""Names: what a folder's name says about a project's, and what a misspelt one was meant to be."""

import difflib
import re
from collections.abc import Iterable

_CLOSED = re.compile(r"'(?P<word>.*)' (?P<what>is not .*); use one of (?P<known>.+)", re.DOTALL)
_ACRONYMS = frozenset({"ai", "api", "cms", "crm", "db", "erp", "http", "id", "iot", "ml", "ui"})


def project_name(folder: str) -> str:
    """`blog-api` is called Blog API; a name that has capitals of its own keeps them."""
    words = re.split(r"[-_.\s]+", folder)
    return " ".join(_titled(word) for word in words if word)


def _titled(word: str) -> str:
    if word in _ACRONYMS:
        return word.upper()
    return word[:1].upper() + word[1:] if word.islower() else word


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that the word most resembles, if any does."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)
    return by_folded[matches[0]] if matches else None


def not_one_of(word: str, candidates: Iterable[str], what: str) -> str:
    """`'asnc' is not WHAT; did you mean async? Use one of async, sync`."""
    known = list(candidates)
    match = nearest(word, known)
    suggestion = f"; did you mean {match}?" if match else "."
    return f"{word!r} is not {what}{suggestion} Use one of {', '.join(known)}"


def suggest(message: str) -> str:
    """The message, with the nearest option where it says `'X' is not …; use one of A, B`."""
    if not (found := _CLOSED.fullmatch(message)):
        return message
    match = nearest(found["word"], found["known"].split(", "))
    suggestion = f"; did you mean {match}?" if match else "."
    return f"'{found['word']}' {found['what']}{suggestion} Use one of {found['known']}"
