"""PyYAML's safe loader, strict about keys. Imported only where YAML is read."""

from typing import Any

import yaml

_MAX_DEPTH = 50


class Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, and nesting that no blueprint has."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As the base class does, to a bounded depth."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=self.get_mark())
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001
        """As the base class does, each key once."""
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a key must be a word", problem_mark=key.start_mark
                )
            identity = (key.tag, key.value)
            if identity in seen and key.value != "<<":
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(identity)
        return super().construct_mapping(node, deep)
