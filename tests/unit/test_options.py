"""`trellis options` as JSON and as tables."""


def test_options_are_data_too(trellis):
    document = trellis("options", "--json").document

    choices = {choice["key"]: choice for choice in document["choices"]}
    assert choices["api"]["values"][0] == {"value": "async", "title": "async"}
    assert choices["orm"]["values"][1] == {"value": "sqlmodel", "title": "SQLModel"}
    assert choices["api"]["default"] == "async"
    assert choices["api"]["help"] == "Which API?"
    assert choices["project_name"]["values"] == []
    assert {kind["name"] for kind in document["field_types"]} >= {"string", "reference"}
    assert [modifier["name"] for modifier in document["modifiers"]][:2] == ["optional", "unique"]


def test_options_are_a_table_for_people(trellis):
    out = trellis("options").out

    assert "async, sync" in out
    assert "price:decimal:10,2" in out
