"""A small template, so that the unit tests do not depend on the real one."""

import shutil
from pathlib import Path

from support.commands.cli import ROOT

COPIER_YML = """\
_min_copier_version: "9.18"
_subdirectory: template/service
_envops:
  undefined: jinja2.StrictUndefined
  keep_trailing_newline: true

project_name:
  type: str
  help: What is it called?
  default: Tiny
  validator: >-
    {% from pathjoin("template", "rules.jinja") import text %}{{ text(project_name) }}
author_name: {type: str, default: ""}
author_email: {type: str, default: ""}
python_version: {type: str, default: "3.13", choices: ["3.13", "3.11", "3.12", "3.14"]}
api: {type: str, help: "Which API?", default: async, choices: [async, sync]}
orm: {type: str, default: sqlalchemy, choices: {SQLAlchemy: sqlalchemy, SQLModel: sqlmodel}}
database: {type: str, default: sqlite, choices: [sqlite, postgres]}
docker: {type: bool, default: true}
resources:
  type: yaml
  help: What does it store?
  ask: false
  default:
    - name: task
      fields:
        - {name: title, type: string, max_length: 200}
  validator: >-
    {% from pathjoin("template", "rules.jinja") import named %}{{ named(resources) }}
slug:
  type: str
  when: false
  default: "{{ project_name | lower | replace(' ', '-') }}"
"""

RULES = """\
{% macro text(value) %}
{%- if not value %}must not be empty{% endif %}
{%- if "\\x07" in value %}must be printable; remove U+0007{% endif %}
{%- endmacro %}
{% macro named(resources) %}
{%- set names = resources | select("mapping") | map(attribute="name", default="") | list %}
{%- for r in resources %}
{%- set place = "resources[%s]" % loop.index0 %}
{%- if r is not mapping or r.get("name") is not string or r.get("fields", 0) is not sequence %}
{{- "%s: must have a name and fields\\n" % place }}
{%- else %}
{%- if r.name == "class" %}{{ place }}.name: 'class' is a keyword{{ "\\n" }}{% endif %}
{%- for f in r.fields if f is mapping %}
{%- if f.get("type") == "reference" and f.get("to") not in names %}
{{- "%s.fields[%s].to: there is no %r\\n" % (place, loop.index0, f.get("to")) }}
{%- endif %}
{%- if f.get("type") == "strng" %}
{{- "%s.fields[%s].type: 'strng' is not a field type\\n" % (place, loop.index0) }}
{%- endif %}
{%- endfor %}
{%- endif %}
{%- endfor %}
{%- endmacro %}
"""

SERVICE = {
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml -}}\n",
    ".gitignore": ".env\n.venv\n",
    ".env.example": "SECRET=\n",
    "README.md.jinja": "# {{ project_name }}\n",
    "pyproject.toml.jinja": '[project]\nname = "{{ slug }}"\nversion = "0.1.0"\n',
    "app/{% yield r from resources %}{{ r.name }}.py{% endyield %}.jinja": (
        "NAME = '{{ r.name }}'\n"
    ),
}


def write_template(root: Path) -> Path:
    """The tiny template as files."""
    for name, text in {"copier.yml": COPIER_YML, "template/rules.jinja": RULES}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name, text in SERVICE.items():
        path = root / "template/service" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    # Trellis reads the field types of the checkout.
    shutil.copy2(ROOT / "template/field_types.yml", root / "template")
    return root
