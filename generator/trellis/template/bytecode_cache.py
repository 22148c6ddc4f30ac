"""The cache of the template's compiled Jinja, in the __pycache__ of this package.

Compiling takes most of the time of a rendering. An entry belongs to one text and one version of
Jinja. Where the folder cannot be read or written, nothing is cached.
"""

import contextlib
import functools
import hashlib
import importlib.util
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache

_OPEN = stat.S_IWGRP | stat.S_IWOTH
_MANY = 2000  # texts: of a dozen versions of a template


class _Cache(FileSystemBytecodeCache):
    """Finds an entry by its text, since each clone of the template is in another folder."""

    def get_bucket(self, environment: Any, name: str, filename: str | None, source: str) -> Bucket:
        """The code of a text, if it is known."""
        return super().get_bucket(environment, f"{name}\n{source}", None, source)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Leaves the bucket empty where the entry cannot be read."""
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Does nothing where the entry cannot be written, or PYTHONDONTWRITEBYTECODE is set."""
        if sys.dont_write_bytecode:
            return
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def enable(environment: Any, *kind: Any) -> None:
    """Has an environment of Copier's compile each text once. `kind` tells it from other ones."""
    if directory := _make_directory(repr(kind)):
        environment.bytecode_cache = _Cache(str(directory), "%s.jinja")
    compiled = functools.lru_cache(maxsize=4096)(functools.partial(_from_string, environment))

    def from_string(text: str) -> Any:
        template = compiled(text)
        # Copier's yield extension resets itself where a text is compiled.
        environment.preprocess("")
        return template

    environment.from_string = from_string


def _from_string(environment: Any, text: str) -> Any:
    if not isinstance(text, str):
        raise TypeError(text)  # which tells Copier that it is a value as it stands
    cache = environment.bytecode_cache
    bucket = cache.get_bucket(environment, "", None, text) if cache else None
    code = bucket and bucket.code
    if code is None:
        code = environment.compile(text)
        if bucket:
            bucket.code = code
            cache.set_bucket(bucket)
    names = environment.make_globals(None)
    return environment.template_class.from_code(environment, code, names, None)


def _make_directory(kind: str) -> Path | None:
    """The folder for these versions; None where other users could write to it."""
    versions = f"{jinja2.__version__} {sys.version} {kind}"
    name = "template-" + hashlib.sha256(versions.encode()).hexdigest()[:16]
    directory = Path(importlib.util.cache_from_source(__file__)).with_name(name)
    try:
        if not sys.dont_write_bytecode:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        if len(os.listdir(directory)) > _MANY:  # noqa: PTH208 - no more than their number
            shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        return None
    trusted = {os.getuid(), Path(__file__).stat().st_uid}
    return directory if status.st_uid in trusted and not status.st_mode & _OPEN else None
