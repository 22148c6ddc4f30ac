"""Rendering a blueprint twice gives the same bytes, on every machine and at any time."""

import subprocess
import sys

import pytest
import yaml
from support.running.environments import environment
from support.services.renderings import BLUEPRINTS, TEMPLATE, read_files

RENDER = """
import sys, yaml
from pathlib import Path
from trellis.template import version as template
template.open_own().render(yaml.safe_load(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]))
"""
SURROUNDINGS = {
    "another time zone": {"TZ": "Pacific/Kiritimati"},
    "another locale": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    "no locale": {"LC_ALL": "C", "PYTHONUTF8": "0"},
    "another order of hashes": {"PYTHONHASHSEED": "4711"},
    "another day": {"SOURCE_DATE_EPOCH": "0"},
}


def test_two_renderings_are_the_same(tmp_path):
    blueprint = TEMPLATE.complete({}) | BLUEPRINTS["shop"]

    for name in ("one", "two"):
        TEMPLATE.render(blueprint, tmp_path / name)

    assert read_files(tmp_path / "one") == read_files(tmp_path / "two")


@pytest.mark.parametrize("case", SURROUNDINGS)
def test_surroundings_do_not_show(case, rendered, tmp_path):
    service = rendered(BLUEPRINTS["shop"], {"description": "Zoë's café ☕"})
    blueprint = tmp_path / "blueprint.yml"
    blueprint.write_text(yaml.safe_dump(dict(service.blueprint)), encoding="utf-8")
    other = tmp_path / "elsewhere" / "with a long name ü"

    command = [sys.executable, "-c", RENDER, str(blueprint), str(other)]
    env = environment(**SURROUNDINGS[case])
    subprocess.run(command, check=True, cwd=tmp_path, env=env)

    assert read_files(other) == service.files


def test_the_order_of_keys_in_a_blueprint_does_not_show(rendered):
    shop = BLUEPRINTS["shop"]
    resources = [
        {key: reversed_keys(resource[key]) for key in reversed(resource)}
        for resource in shop["resources"]
    ]

    assert rendered(shop, {"resources": resources}).files == rendered(shop).files


def reversed_keys(value):
    if not isinstance(value, list):
        return value
    return [{key: field[key] for key in reversed(field)} for field in value]
