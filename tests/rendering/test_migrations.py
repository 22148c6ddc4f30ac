"""Migrations are one chain, in the order of references, and the same for every variant."""

import ast
import re

import pytest
from support.services.renderings import BLUEPRINTS, CORE

CYCLE = {
    "resources": [
        {
            "name": "team",
            "fields": [
                {"name": "name", "type": "string"},
                {"name": "lead", "type": "reference", "to": "member", "optional": True},
            ],
        },
        {
            "name": "member",
            "fields": [{"name": "team", "type": "reference", "to": "team"}],
        },
    ]
}
CASES = BLUEPRINTS | {"cycle": CYCLE}


@pytest.fixture(params=CASES)
def service(request, rendered):
    return rendered(CASES[request.param])


def migrations(service):
    """The constants of each migration, and its text."""
    found = {}
    for name, text in service.files.items():
        if name.startswith("migrations/versions/"):
            tree = ast.parse(text)
            values = {
                node.targets[0].id: ast.literal_eval(node.value)
                for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            }
            found[values["revision"]] = (values["down_revision"], name, text)
    return found


def chain(service):
    """The texts from the root to the head."""
    by_parent = {
        down: (revision, text) for revision, (down, _, text) in migrations(service).items()
    }
    texts, revision = [], None
    while revision in by_parent:
        revision, text = by_parent[revision]
        texts.append(text)
    return texts


def test_there_is_one_root_and_one_head(service):
    known = migrations(service)
    parents = [down for down, *_ in known.values()]

    assert parents.count(None) == 1
    assert len(set(parents)) == len(parents) == len(service.resources)
    assert len(known.keys() - set(parents)) == 1
    assert len(chain(service)) == len(service.resources)


def test_revisions_do_not_depend_on_the_choices(service):
    for revision, (_, name, text) in migrations(service).items():
        assert re.fullmatch(r"[0-9a-f]{12}", revision)
        assert name.startswith(f"migrations/versions/{revision}_create_")
        assert f"Revision ID: {revision}\n" in text


def test_a_referenced_table_is_there_before_its_key(service):
    """Postgres requires the table. `use_alter` moves a key to a later migration."""
    there, late, added = set(), set(), set()
    for text in chain(service):
        own = set(re.findall(r'op\.create_table\(\s*"(\w+)"', text))
        there |= own
        keys = re.findall(
            r'ForeignKeyConstraint\(\s*\[.*?\],\s*\["(\w+)\.id"\],\s*name=op\.f\("(\w+)"\),'
            r'\s*ondelete="[A-Z ]+",?\s*(use_alter)?',
            text,
        )
        late |= {name for _, name, use_alter in keys if use_alter}
        referred = {table for table, _, use_alter in keys if not use_alter}
        later = re.findall(r'create_foreign_key\(\s*op\.f\("(\w+)"\),\s*"\w+",\s*"(\w+)"', text)
        added |= {name for name, _ in later}
        referred |= {table for _, table in later}
        assert len(own) == 1
        assert referred <= there
    assert added == late


@pytest.mark.parametrize("blueprint", CASES)
@pytest.mark.parametrize("primary_key", ["integer", "uuid7"])
def test_they_are_the_same_in_all_core_variants(blueprint, primary_key, rendered):
    key = {"primary_key": primary_key}
    services = {name: rendered(CASES[blueprint], choices, key) for name, choices in CORE.items()}

    texts = {
        name: [text for path, text in service.files.items() if path.startswith("migrations/v")]
        for name, service in services.items()
    }

    first, *others = texts.values()
    assert first
    assert all(other == first for other in others)


def test_every_resource_has_its_migration_whatever_else_there_is(rendered):
    """`new` with A and B writes the same migration as `add resource B` does later."""
    shop = BLUEPRINTS["shop"]
    category = [one for one in shop["resources"] if one["name"] == "category"]
    alone = rendered(shop, {"resources": category}).files
    together = rendered(shop).files

    own = [name for name in alone if name.startswith("migrations/versions/")]

    assert len(own) == 1
    assert own[0] in together
