"""Parsers for every kind of file in a service."""

import ast
import configparser
import itertools
import json
import re
import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCKERFILE_WORDS = {
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM"),
    *("HEALTHCHECK", "LABEL", "RUN", "USER", "VOLUME", "WORKDIR"),
}
_ASSIGNMENT = re.compile(r"(# )?[A-Z][A-Z0-9_]*=\S*")
_PATTERN_FILES = {".gitignore", ".dockerignore"}


class UnparsableError(Exception):
    """A file that is not valid in its language."""


@dataclass
class Stage:
    """A stage of a Dockerfile: its base image, and its instructions as they are written."""

    base: str
    name: str
    instructions: list[tuple[str, str]]


def parse(name: str, text: str, files: Mapping[str, str]) -> None:
    """Raises an exception if the text is not valid for a file of that name."""
    _parser(PurePosixPath(name))(name, text, files)


def python(text: str) -> ast.Module:
    """Parses a Python module. Warnings of the compiler are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile(text, "<rendered>", "exec", dont_inherit=True)
    return ast.parse(text)


def dockerfile(text: str) -> list[Stage]:
    """The stages of a Dockerfile. Continued lines are joined."""
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, words = line.partition(" ")
        if word == "FROM":
            base, _, name = words.partition(" AS ")
            stages.append(Stage(base, name or str(len(stages)), []))
        else:
            stages[-1].instructions.append((word, words.strip()))
    return stages


def heading(text: str) -> str:
    """The title of a Markdown document, as text."""
    tokens = MarkdownIt("commonmark").parse(text)
    assert (tokens[0].type, tokens[0].tag) == ("heading_open", "h1"), tokens[0]
    return _visible(tokens[1])


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a Markdown document, as text."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [_visible(token) for token in tokens if token.type == "inline"]


def _parser(path: PurePosixPath) -> Callable[[str, str, Mapping[str, str]], object]:
    by_name = {"Dockerfile": _dockerfile, "Makefile": _makefile, ".env.example": _environment}
    by_suffix: dict[str, Callable[[str, str, Mapping[str, str]], object]] = {
        ".py": lambda _name, text, _files: python(text),
        ".toml": lambda _name, text, _files: tomllib.loads(text),
        ".yml": lambda _name, text, _files: list(yaml.safe_load_all(text)),
        ".yaml": lambda _name, text, _files: list(yaml.safe_load_all(text)),
        ".json": lambda _name, text, _files: json.loads(text),
        ".ini": lambda _name, text, _files: configparser.ConfigParser().read_string(text),
        ".md": _markdown,
        ".mako": _mako,
    }
    if path.name in by_name:
        return by_name[path.name]
    if path.name in _PATTERN_FILES:
        return _patterns
    if path.suffix in by_suffix:
        return by_suffix[path.suffix]
    raise UnparsableError(f"{path}: no test knows how to parse such a file")


def _dockerfile(name: str, text: str, _files: Mapping[str, str]) -> None:
    logical = text.replace("\\\n", " ").splitlines()
    words = [line.split()[0] for line in logical if line.strip() and not line.startswith("#")]
    if words[0] not in {"FROM", "ARG"} or not set(words) <= DOCKERFILE_WORDS:
        raise UnparsableError(f"{name}: {sorted(set(words) - DOCKERFILE_WORDS)}")
    for line in logical:
        if line.startswith(("CMD", "ENTRYPOINT")):
            json.loads(line.split(maxsplit=1)[1])


def _makefile(name: str, text: str, _files: Mapping[str, str]) -> None:
    for line in text.splitlines():
        known = re.match(r"\t\S|#|$|[\w. -]+:([^=]|$)|[\w ]+[:?]?=|export |\.PHONY:", line)
        if not known:
            raise UnparsableError(f"{name}: {line!r}")


def _environment(name: str, text: str, _files: Mapping[str, str]) -> None:
    for line in text.splitlines():
        if line and not line.startswith("# ") and not _ASSIGNMENT.fullmatch(line):
            raise UnparsableError(f"{name}: {line!r}")


def _patterns(name: str, text: str, _files: Mapping[str, str]) -> None:
    for line in text.splitlines():
        if line != line.strip():
            raise UnparsableError(f"{name}: {line!r}")


def _mako(name: str, text: str, _files: Mapping[str, str]) -> None:
    if text.count("${") != text.count("}"):
        raise UnparsableError(f"{name}: an expression is not closed")


def _markdown(name: str, text: str, files: Mapping[str, str]) -> None:
    if text.count("```") % 2:
        raise UnparsableError(f"{name}: a code block is not closed")
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    tokens = MarkdownIt("commonmark").parse(text)
    titles = (b for a, b in itertools.pairwise(tokens) if a.type == "heading_open")
    anchors = {_slug(_visible(title)) for title in titles}
    for target in _links(tokens):
        path, _, anchor = target.partition("#")
        if re.match(r"(https?|mailto):", target):
            continue
        known = not path or path.rstrip("/") in folders or path in files
        if not known or (not path and anchor not in anchors):
            raise UnparsableError(f"{name}: the link to {target!r} leads nowhere")


def _links(tokens: list[Token]) -> list[str]:
    inline = [child for token in tokens for child in token.children or []]
    found = [token.attrGet("href") or token.attrGet("src") for token in inline]
    return [str(target) for target in found if target]


def _visible(token: Token) -> str:
    return "".join(child.content for child in token.children or [])


def _slug(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
