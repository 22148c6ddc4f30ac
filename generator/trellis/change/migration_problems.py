"""Migrations that add what another one has added already, or drop what is not there."""

import ast
import graphlib
from collections.abc import Collection, Iterator

from trellis.change import migration_scripts
from trellis.errors import ServiceError
from trellis.files import Files

Tables = dict[str, dict[str, str]]


def find(files: Files, fresh: Collection[str]) -> Iterator[tuple[str, int, str]]:
    """What is wrong with the fresh migrations, when all are run in their order."""
    try:
        scripts = migration_scripts.read(files)
    except ServiceError:
        return
    by_revision = {script.revision: script for script in scripts}
    graph = {s.revision: [f for f in s.follows if f in by_revision] for s in scripts}
    try:
        order = [*graphlib.TopologicalSorter(graph).static_order()]
    except graphlib.CycleError:
        return
    tables: Tables = {}
    for revision in order:
        path = by_revision[revision].path
        for line, what in _run(files[path].data, path, tables):
            if path in fresh:
                yield path, line, what


def _run(text: bytes, path: str, tables: Tables) -> Iterator[tuple[int, str]]:
    tree = ast.parse(text)
    upgrade = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "upgrade"]
    for function in upgrade:
        for statement in function.body:
            yield from _run_statement(statement, path, tables)


def _run_statement(node: ast.stmt, path: str, tables: Tables) -> Iterator[tuple[int, str]]:
    match node:
        case ast.With(
            items=[
                ast.withitem(
                    context_expr=ast.Call(
                        func=ast.Attribute(attr="batch_alter_table"),
                        args=[ast.Constant(value=str(table)), *_],
                    )
                )
            ],
            body=body,
        ):
            for inner in body:
                if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
                    yield from _run_call(inner.value, table, path, tables)
        case ast.Expr(value=ast.Call() as call):
            yield from _run_call(call, None, path, tables)
        case ast.If(body=body) | ast.For(body=body) | ast.Try(body=body):
            for inner in body:  # what only some databases run is not judged
                for _ in _run_statement(inner, path, tables):
                    pass


def _run_call(  # noqa: C901, PLR0912 - one case an operation
    call: ast.Call, table: str | None, path: str, tables: Tables
) -> Iterator[tuple[int, str]]:
    if not isinstance(call.func, ast.Attribute):
        return
    values = [_read_text(arg) for arg in call.args]
    columns = [column for arg in call.args if (column := _read_column(arg))]
    if table is None and values and values[0]:
        table, values = values[0], values[1:]
    if table is None:
        return
    known = tables.get(table)
    match call.func.attr:
        case "create_table":
            if known is not None:
                yield call.lineno, f"creates the table {table}, which {known['']} creates already"
            tables[table] = {"": path} | dict.fromkeys(columns, path)
        case "drop_table":
            tables.pop(table, None)
        case "add_column" if known is not None:
            for column in columns:
                if column in known:
                    where = f"which {known[column]} adds already"
                    yield call.lineno, f"adds the column {table}.{column}, {where}"
                known[column] = path
        case "drop_column" if known is not None:
            for column in filter(None, values):
                if column not in known:
                    yield call.lineno, f"drops the column {table}.{column}, which is not there"
                known.pop(column, None)
        case "alter_column" if known is not None:
            for keyword in call.keywords:
                new_name = _read_text(keyword.value) if keyword.arg == "new_column_name" else None
                if new_name and values and values[0]:
                    known[new_name] = known.pop(values[0], path)
        case "rename_table" if known is not None and values and values[0]:
            tables[values[0]] = tables.pop(table)


def _read_text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _read_column(node: ast.expr) -> str | None:
    match node:
        case ast.Call(func=ast.Attribute(attr="Column") | ast.Name(id="Column"), args=[first, *_]):
            return _read_text(first)
    return None
