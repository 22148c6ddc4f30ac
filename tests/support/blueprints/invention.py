"""Random blueprints that the rules accept, with awkward names and values."""

import builtins
import keyword
import string
from typing import Any, TypeVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, given, seed, settings

from support.services.renderings import CHOICES, TEMPLATE

Blueprint = dict[str, Any]
T = TypeVar("T")

# Difficult names: builtins, SQL keywords, short and long names, digits, Python modules.
_BUILTINS = [n for n in dir(builtins) if n.islower() and n.isalpha() and not keyword.iskeyword(n)]
_SQL = "all and as by case check column desc from group index join key limit order select table to union user values view where with year".split()  # noqa: E501, SIM905
_PYTHON = "abc ast case cls date datetime decimal enum json match math os re self sys test time type typing uuid".split()  # noqa: E501, SIM905
_SERVICE = "app base client connection created cursor data database engine error item items list model name number offset page param path problem query read request response result router row schema service session sort statement status table task transaction url".split()  # noqa: E501, SIM905
_SHAPES = ["a", "z", "x1", "b2b", "user2", "user10", "user2s", "user10s", "box", "city", "day", "fish", "sheep", "news", "hero", "person", "child", "a_b_c", "i18n", "v1_0", "testimonial", "test_x", "t", "tuple", "count", "index"]  # fmt: skip # noqa: E501
_LONG = ["a" * 30, "an_exceptionally_long_name_xxx", "b" * 15 + "_" + "c" * 14]


def _known_to_be_good(pool: list[str], values: Any) -> list[str]:
    return [name for name in dict.fromkeys(pool) if not TEMPLATE.validate(values(name))]


def _as_resource(name: str) -> Blueprint:
    resource: Blueprint = {"name": name, "fields": [{"name": "a", "type": "string"}]}
    return {"resources": [resource | _plural_of_a_letter(name)]}


def _plural_of_a_letter(name: str) -> Blueprint:
    """The plural of `a` would be `as`, a keyword."""
    return {"plural": f"{name}_list"} if len(name) == 1 else {}


def _as_field(name: str) -> Blueprint:
    return {"resources": [{"name": "thing", "fields": [{"name": name, "type": "string"}]}]}


_POOL = [*_SHAPES, *_LONG, *_BUILTINS, *_SQL, *_PYTHON, *_SERVICE]
RESOURCE_NAMES = _known_to_be_good(_POOL, _as_resource)
FIELD_NAMES = _known_to_be_good(_POOL, _as_field)

_made_up = st.from_regex(r"[a-z][a-z0-9]{0,9}(_[a-z0-9]{1,8}){0,2}", fullmatch=True)
_resource_names = st.sampled_from(RESOURCE_NAMES) | _made_up.filter(
    lambda name: not TEMPLATE.validate(_as_resource(name))
)
_field_names = st.sampled_from(FIELD_NAMES) | _made_up.filter(
    lambda name: not TEMPLATE.validate(_as_field(name))
)

_line = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"])
    | st.sampled_from("\"'\\{}%#$`<>&;:,|\t".replace("\t", "") + "é☕ש"),
    max_size=40,
).map(str.strip)
_enum_value = st.text(string.ascii_letters + string.digits, min_size=1, max_size=12) | (
    st.sampled_from(["2fa", "in progress", "N/A".replace("/", "."), "a-b", "None", "x" * 40, "mro"])
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | _line,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_line, inner, max_size=3),
    max_leaves=6,
)


def blueprints() -> st.SearchStrategy[Blueprint]:
    """The generated blueprints that the rules accept, which are most."""
    return _blueprints().filter(lambda blueprint: not TEMPLATE.validate(blueprint))


def drawn(strategy: st.SearchStrategy[T], number: int, count: int) -> list[T]:
    """Draws values with a fixed seed, independent of earlier draws."""
    values: list[T] = []

    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(strategy)
    def draw(value: T) -> None:
        values.append(value)

    draw()
    return values


@st.composite
def growing(draw: st.DrawFn) -> tuple[Blueprint, list[Blueprint]]:
    """A blueprint, and fields that can be added to its resources."""
    blueprint = draw(blueprints())
    names = [resource["name"] for resource in blueprint["resources"]]
    fields = st.lists(_field([], names), min_size=6, max_size=6, unique_by=lambda f: f["name"])
    return blueprint, draw(fields)


@st.composite
def _blueprints(draw: st.DrawFn) -> Blueprint:
    """One to eight resources of one to eight fields, in any variant, under any name."""
    names = draw(st.lists(_resource_names, min_size=1, max_size=8, unique=True))
    resources = [draw(_resource(name, names[:place], names)) for place, name in enumerate(names)]
    answers = {key: draw(st.sampled_from(values)) for key, values in CHOICES.items()}
    project_name = draw(_line) + draw(st.sampled_from(string.ascii_letters + string.digits))
    texts = {"description": draw(_line), "author_name": draw(_line), "project_name": project_name}
    order = draw(st.permutations(resources))
    return answers | texts | {"resources": order}


@st.composite
def _resource(draw: st.DrawFn, name: str, earlier: list[str], names: list[str]) -> Blueprint:
    """Required references point only to `earlier` resources, so that there is no circle."""
    fields = draw(
        st.lists(_field(earlier, names), min_size=1, max_size=8, unique_by=lambda f: f["name"])
    )
    resource: Blueprint = {"name": name, "fields": fields} | _plural_of_a_letter(name)
    if draw(st.integers(0, 5)) == 0:
        resource["plural"] = draw(st.sampled_from([name, f"{name}_list", f"{name}2s"]))
    return resource


@st.composite
def _field(draw: st.DrawFn, earlier: list[str], names: list[str]) -> Blueprint:
    kind = draw(st.sampled_from(list(_DETAILS)))
    field: Blueprint = {"name": draw(_field_names), "type": kind}
    if draw(st.integers(0, 2)) == 0:
        field["optional"] = True
    field |= draw(_references(earlier, names, field) if kind == "reference" else _DETAILS[kind])
    if kind not in {"text", "json"} and draw(st.integers(0, 3)) == 0:
        field["index"] = True
    if kind not in {"boolean", "enum", "float", "json", "text"} and draw(st.integers(0, 3)) == 0:
        field["unique"] = True
    return {key: value for key, value in field.items() if value is not _ABSENT}


_ABSENT = object()


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.just(_ABSENT) | strategy


def _references(earlier: list[str], names: list[str], field: Blueprint) -> Any:
    rules = ["restrict", "cascade"]
    if field.get("optional") or not earlier:
        return st.fixed_dictionaries(
            {
                "to": st.sampled_from(names),
                "optional": st.just(True),
                "on_delete": _maybe(st.sampled_from([*rules, "set_null"])),
            }
        )
    return st.fixed_dictionaries(
        {"to": st.sampled_from(earlier), "on_delete": _maybe(st.sampled_from(rules))}
    )


@st.composite
def _strings(draw: st.DrawFn) -> Blueprint:
    low, high = sorted(
        draw(st.tuples(st.integers(0, 50), st.sampled_from([1, 2, 9, 50, 255, 600])))
    )
    default = draw(_maybe(_line.map(lambda text: text[:high].ljust(low, "x"))))
    high = max(high, 1)
    return {
        "min_length": draw(st.sampled_from([_ABSENT, low])) if default is _ABSENT else low,
        "max_length": high,
        "default": default,
    }


@st.composite
def _numbers(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Blueprint:
    low, default, high = sorted(draw(st.tuples(values, values, values)))
    chosen = {"minimum": low, "maximum": high, "default": default}
    return {key: value for key, value in chosen.items() if draw(st.booleans())}


@st.composite
def _decimals(draw: st.DrawFn) -> Blueprint:
    precision = draw(st.integers(1, 18))
    scale = draw(st.integers(0, precision))
    whole = min(10 ** (precision - scale) - 1, 10**9)
    numbers = draw(_numbers(st.integers(-whole, whole)))
    return {"precision": precision, "scale": scale, **numbers}


@st.composite
def _enums(draw: st.DrawFn) -> Blueprint:
    unique = {"unique_by": lambda value: "".join(c if c.isalnum() else "_" for c in value.upper())}
    values = draw(st.lists(_enum_value, min_size=1, max_size=5, **unique))
    return {"values": values, "default": draw(_maybe(st.sampled_from(values)))}


def _with_default(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Blueprint]:
    return st.fixed_dictionaries({"default": _maybe(strategy)})


_whole = st.integers(-50, 50) | st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**31), 2**31)
_float = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-9, 9)
_DETAILS: dict[str, st.SearchStrategy[Blueprint]] = {
    "boolean": _with_default(st.booleans()),
    "date": _with_default(st.dates().map(lambda day: day.isoformat())),
    "datetime": _with_default(
        st.datetimes().map(lambda at: f"{at:%H:%M}").map(lambda at: f"2030-01-31T{at}Z")
    ),
    "decimal": _decimals(),
    "email": _with_default(st.just("ada@example.com")),
    "enum": _enums(),
    "float": _numbers(_float),
    "integer": _numbers(_whole),
    "json": _with_default(_json.filter(lambda value: value is not None)),
    "reference": st.nothing(),
    "string": _strings(),
    "text": st.fixed_dictionaries(
        {"max_length": _maybe(st.integers(40, 9000)), "default": _maybe(_line)}
    ),
    "url": _with_default(st.sampled_from(["https://example.com/", "http://a.b/c?d='e'&f=\"g\""])),
    "uuid": _with_default(st.uuids().map(str)),
}
