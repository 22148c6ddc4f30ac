"""Puts the template's releases, as one git bundle, into the wheel and the sdist."""

import importlib
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TemplateBundleHook(BuildHookInterface[Any]):
    """An sdist has the bundle already; anything else is built from the repository around it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the bundle to what is built. An editable install uses its checkout instead."""
        if version == "editable":
            return
        root = Path(self.root)
        if self.target_name == "wheel":
            types = "field_types.yml"
            source = str(root / "template" / types)
            build_data["force_include"][source] = f"trellis/blueprint/{types}"
        bundle = _bundle_module(root)
        carried = root / "generator" / "trellis" / bundle.FILE_NAME
        if (root / "PKG-INFO").exists() and carried.exists():
            return
        self._scratch = tempfile.TemporaryDirectory()
        output = Path(self._scratch.name, bundle.FILE_NAME)
        self.app.display_info(bundle.build(root, output))
        inside = "trellis" if self.target_name == "wheel" else "generator/trellis"
        build_data["force_include"][str(output)] = f"{inside}/{bundle.FILE_NAME}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Forgets the temporary file."""
        if hasattr(self, "_scratch"):
            self._scratch.cleanup()


def _bundle_module(root: Path) -> ModuleType:
    """`trellis.template.bundle` of the source that is built; it needs nothing installed."""
    sys.path.insert(0, str(root / "generator"))
    try:
        return importlib.import_module("trellis.template.bundle")
    finally:
        sys.path.pop(0)
