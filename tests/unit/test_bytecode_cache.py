"""Compiled templates are reused, and a broken or read-only cache does no harm."""

import sys

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError
from trellis.template import bytecode_cache


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "cache"


def environment(text="Hello {{ name }}"):
    made = Environment(loader=DictLoader({"greeting": text}), autoescape=True)
    bytecode_cache.enable(made, "for this test")
    return made


def forbid_compiling(made):
    made.compile = None
    made._generate = None


def greet(made):
    loaded = made.get_template("greeting").render(name="Ada")
    return loaded, made.from_string("Dear {{ name }}").render(name="Ada")


def test_a_second_run_compiles_nothing(cache):
    first = greet(environment())
    second = environment()
    forbid_compiling(second)

    assert greet(second) == first == ("Hello Ada", "Dear Ada")


def test_another_text_is_compiled_anew(cache):
    greet(environment())

    assert greet(environment("Bye {{ name }}"))[0] == "Bye Ada"


@pytest.mark.parametrize("rest", [b"", b"\x00" * 40, None])
def test_a_cache_that_cannot_be_read_is_done_without(cache, rest):
    greet(environment())
    for path in cache.rglob("*.jinja"):
        path.write_bytes(path.read_bytes()[:-7] if rest is None else rest)

    assert greet(environment()) == ("Hello Ada", "Dear Ada")


def test_a_cache_that_cannot_be_written_is_done_without(cache):
    cache.write_text("a file")

    assert greet(environment()) == ("Hello Ada", "Dear Ada")


def test_a_folder_that_others_can_write_to_is_not_trusted(cache):
    greet(environment())
    next(cache.rglob("template-*")).chmod(0o777)

    assert environment().bytecode_cache is None


def test_where_python_is_to_write_nothing_nothing_is_written(cache, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    assert greet(environment()) == ("Hello Ada", "Dear Ada")
    assert not cache.exists()


def test_what_has_piled_up_is_cleared(cache, monkeypatch):
    greet(environment())
    monkeypatch.setattr(bytecode_cache, "_MANY", 1)
    environment()

    assert not list(cache.rglob("*.jinja"))


def test_what_is_no_text_and_what_is_no_template_say_so(cache):
    with pytest.raises(TypeError):
        environment().from_string(True)
    with pytest.raises(TemplateSyntaxError):
        environment().from_string("{% if %}")
