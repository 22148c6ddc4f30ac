import pytest
from hypothesis import given
from hypothesis import strategies as st
from trellis.blueprint.field_types import read_vocabulary
from trellis.blueprint.shorthand import format_resource, parse_field, parse_resource
from trellis.errors import BlueprintError


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("email:email:unique", {"type": "email", "unique": True}),
        ("name:string:100", {"type": "string", "max_length": 100}),
        ("body:text:5000", {"type": "text", "max_length": 5000}),
        (
            "name:string:max_length=100:min_length=1",
            {"type": "string", "max_length": 100, "min_length": 1},
        ),
        ("price:decimal:10,2", {"type": "decimal", "precision": 10, "scale": 2}),
        ("price:decimal:10", {"type": "decimal", "precision": 10}),
        (
            "role:enum:admin,editor,viewer:default=viewer",
            {"type": "enum", "values": ["admin", "editor", "viewer"], "default": "viewer"},
        ),
        ("author:ref:user", {"type": "reference", "to": "user"}),
        ("author:ref:user:cascade", {"type": "reference", "to": "user", "on_delete": "cascade"}),
        (
            "author:reference:user:set_null:optional",
            {"type": "reference", "to": "user", "on_delete": "set_null", "optional": True},
        ),
        (
            "author:ref:user:optional:set_null",
            {"type": "reference", "to": "user", "on_delete": "set_null", "optional": True},
        ),
        ("bio:text:optional:index", {"type": "text", "optional": True, "index": True}),
        ("done:boolean:default=false", {"type": "boolean", "default": False}),
        ("age:integer:min=0:max=150", {"type": "integer", "minimum": 0, "maximum": 150}),
        ("age:integer:default=7", {"type": "integer", "default": 7}),
        ("rate:float:default=1", {"type": "float", "default": 1.0}),
        (
            "rate:decimal:default=0.25:min=-1.5",
            {"type": "decimal", "default": 0.25, "minimum": -1.5},
        ),
        ("code:string:default=5", {"type": "string", "default": "5"}),
        ("meta:json:default={}", {"type": "json", "default": {}}),
        (
            "at:datetime:default=2024-01-01T10:30:00Z:index",
            {"type": "datetime", "default": "2024-01-01T10:30:00Z", "index": True},
        ),
    ],
)
def test_a_word_is_a_field(word, expected):
    name = word.partition(":")[0]

    assert parse_field(word) == {"name": name, **expected}


@pytest.mark.parametrize("kind", read_vocabulary().types.values(), ids=lambda kind: kind.name)
def test_the_example_of_each_type_is_of_that_type(kind):
    assert parse_field(kind.example)["type"] == kind.name


def test_an_exact_number_keeps_the_digits_that_a_float_would_lose():
    word = "price:decimal:default=0.12345678901234567890123"

    assert parse_field(word)["default"] == "0.12345678901234567890123"


def test_a_default_outside_its_type_is_left_for_the_rules_to_refuse():
    assert parse_field("age:integer:default=old")["default"] == "old"
    assert parse_field("done:boolean:default=maybe")["default"] == "maybe"
    assert parse_field("meta:json:default={")["default"] == "{"
    assert parse_field("meta:json:default=NaN")["default"] == "NaN"


def test_an_unknown_type_is_left_for_the_rules_to_refuse():
    assert parse_field("title:strng:unique") == {"name": "title", "type": "strng", "unique": True}


def test_a_resource_may_name_its_plural():
    assert parse_resource("person plural=people name:string") == {
        "name": "person",
        "plural": "people",
        "fields": [{"name": "name", "type": "string"}],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'': a resource needs a name"),
        ("title:string", "'title:string': a resource begins with its name"),
        ("post title", "'title': a field is name:type"),
        ("post :string", "':string': a field is name:type"),
        ("post plurl=posts", "'plurl=posts': 'plurl' is no option of a resource"),
        ("post title:strng:200", "'title:strng:200': 'strng' is not a field type that takes '200'"),
        ("post title:string:uniqe", "'title:string:uniqe': 'uniqe' is no option of a field"),
        ("post title:string:mx=3", "'title:string:mx=3': 'mx=3' is no option of a field"),
        ("post a:ref:user:casade", "'a:ref:user:casade': 'casade' is no option of a field"),
        ("post title:string:unique:unique", "'title:string:unique:unique': unique is given twice"),
        ("post price:decimal:1,2,3", "'price:decimal:1,2,3': '1,2,3' is no option of a field"),
    ],
)
def test_a_word_that_cannot_be_read_is_named(text, message):
    with pytest.raises(BlueprintError) as caught:
        parse_resource(text)

    assert caught.value.what.startswith(message)
    assert caught.value.fix


def test_a_misspelt_modifier_is_corrected():
    with pytest.raises(BlueprintError) as caught:
        parse_field("a:ref:user:casade")

    assert caught.value.fix == "did you mean cascade?"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("post title string:200", "write: title:string:200"),
        ("post title", "write: title:string:200"),
        ("post state:enum:in progress,done", "needs a blueprint file"),
        ("post a:string:default=hello world", "needs a blueprint file"),
        ("post a:string:nullable", "write: optional"),
        ("post a:string:200, b:text", "leave out the comma"),
        ("post a:string::unique", "leave out one colon"),
        ("post a:decimal:10.2", "write: 10,2"),
        ("post a:strng:200", "did you mean string?"),
    ],
)
def test_what_was_meant_is_said(text, fix):
    with pytest.raises(BlueprintError) as caught:
        parse_resource(text)

    assert fix in caught.value.fix


names = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
words = st.from_regex(r"[a-z0-9.-]{1,9}", fullmatch=True)
whole = st.integers(-(10**15), 10**15)
numbers = whole | st.floats(-1e9, 1e9, allow_nan=False).filter(lambda x: "e" not in repr(x))


def fields_of(kind, **keys):
    required = {"name": names, "type": st.just(kind)}
    flags = dict.fromkeys(("optional", "unique", "index"), st.just(True))
    return st.fixed_dictionaries(required, optional=flags | keys)


bounded = {"minimum": whole, "maximum": whole}
lengths = {"min_length": st.integers(0, 999), "max_length": st.integers(0, 999)}
any_field = st.one_of(
    fields_of("string", default=words, **lengths),
    fields_of("text", default=words, max_length=st.integers(0, 999)),
    fields_of("integer", default=whole, **bounded),
    fields_of("float", default=st.floats(-1e9, 1e9, allow_nan=False)),
    fields_of("decimal", default=numbers, precision=st.integers(1, 38)),
    fields_of("boolean", default=st.booleans()),
    fields_of("datetime", default=st.datetimes().map(lambda moment: moment.isoformat())),
    fields_of("json", default=st.dictionaries(names, whole | st.booleans() | st.none())),
    fields_of("enum", values=st.lists(words, min_size=1, unique=True), default=words),
    fields_of(
        "reference", to=names, on_delete=st.sampled_from(["restrict", "cascade", "set_null"])
    ),
)
resources = st.fixed_dictionaries(
    {"name": names, "fields": st.lists(any_field, max_size=5)}, optional={"plural": names}
)


@given(resources)
def test_what_is_formatted_is_read_back(resource):
    text = format_resource(resource)

    assert text is None or parse_resource(text) == resource


@given(
    st.fixed_dictionaries(
        {
            "name": names,
            "fields": st.lists(
                st.one_of(
                    fields_of("string", **lengths),
                    fields_of("boolean", default=st.booleans()),
                    fields_of("integer", default=whole, **bounded),
                ),
                max_size=5,
            ),
        }
    )
)
def test_plain_resources_always_have_a_shorthand(resource):
    assert format_resource(resource) is not None


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        parsed = parse_resource(text)
    except BlueprintError:
        return

    assert parsed["name"] == text.split()[0]


def test_what_the_shorthand_cannot_say_has_none():
    assert (
        format_resource(
            {"name": "post", "fields": [{"name": "a", "type": "string", "default": "b c"}]}
        )
        is None
    )
    assert (
        format_resource(
            {"name": "post", "fields": [{"name": "a", "type": "string", "optional": False}]}
        )
        is None
    )
    assert format_resource({"name": "post"}) is None
    assert format_resource({"name": "post", "fields": [3]}) is None
