"""Repositories with releases of this repository's template."""

import shutil

from support.commands.cli import ROOT, commit, edit, git


def make_template(root):
    """Makes a repository with the template of this checkout, released as v1.0.0."""
    for name in ("copier.yml", "template"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, root / name)
    commit(root, tag="v1.0.0")
    return root


CHANGELOG = """\
# Changelog

## [Unreleased]

## [1.2.0] - 2026-03-01

### Removed
- A test went away.

## [1.1.0] - 2026-02-01

### Added
- A house rule.

## [1.0.0] - 2026-01-01

[1.2.0]: https://example.org
"""
CONTACT = "contact:\n  type: str\n  default: the team\n\nresources:\n  type: yaml"


RENAMED = "\"{{ author_email | default('') }}\""


class Versions:
    """Three versions of a template: a file is changed, added, removed; a question is renamed."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "template").mkdir()
        self.root = make_template(folder / "template")
        service = self.root / "template/service"
        edit(service / "AGENTS.md.jinja", "# House rules\n", "# House rules\n\n- Be brief.\n")
        (service / "SUPPORT.md.jinja").write_text("Ask {{ author_name or 'us' }}.\n")
        edit(service / ".env.example.jinja", "# LOG_LEVEL=INFO", "# LOG_LEVEL=INFO\n# TRACE=false")
        (self.root / "CHANGELOG.md").write_text(CHANGELOG)
        commit(self.root, "v1.1.0", "v1.1.0")
        (service / "SUPPORT.md.jinja").write_text("Ask {{ contact }}.\n")
        edit(service / "Makefile", "check: lint types test", "check: types lint test")
        edit(service / "AGENTS.md.jinja", "- Be brief.\n", "- Be brief and clear.\n")
        (service / "tests/test_migrations.py").unlink()
        edit(self.root / "copier.yml", "resources:\n  type: yaml", CONTACT)
        for path in (self.root / "copier.yml", service / "pyproject.toml.jinja"):
            path.write_text(path.read_text().replace("author_email", "author_address"))
        edit(self.root / "copier.yml", 'address?\n  default: ""', f"address?\n  default: {RENAMED}")
        commit(self.root, "v1.2.0", "v1.2.0")

    def at(self, version):
        """A clone in which this version is the newest."""
        older = self.folder / version
        if not older.exists():
            self.clone(version, older)
        return older

    def clone(self, version, older):
        """Clones the repository up to a version."""
        git(self.folder, "clone", "--quiet", str(self.root), str(older))
        git(older, "checkout", "--quiet", "-B", "main", version)
        for tag in git(older, "tag", "--no-merged", "HEAD").split():
            git(older, "tag", "--delete", tag)
