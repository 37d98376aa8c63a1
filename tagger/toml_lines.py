"""The lines on which the values of a TOML document stand, which `tomllib` doesn't tell.

Each statement of a TOML document (a header, a key with its value, a comment) is a document by
itself, and no part of one that ends at a line break is. So the lines up to the first that parse
are one statement, and what they parse to says which key it sets: no TOML is read but by tomllib.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

__all__ = ["line_of"]

Path = tuple[str | int, ...]


def line_of(text: str, path: Path) -> int:
    """The line, from 1, of the value at `path`: keys, and places from 0 in arrays.

    It is the line on which the value's statement begins; within an array over several lines,
    that on which its element ends. For what isn't there (a key that is missing) it is that of the
    innermost table around it, and 1 for the document.

    text  a document that tomllib has parsed
    """
    found, depth = 1, 0
    sizes: dict[Path, int] = {}
    table: Path = ()
    for first, lines, parsed in _statements(text):
        if lines[0].lstrip().startswith("["):
            table = _header(parsed, sizes)
            both = min(len(table), len(path))
            known = both if table[:both] == path[:both] else 0
            line = first
        else:
            own = path[len(table) :] if table == path[: len(table)] else ()
            steps = _steps(parsed, own)
            known = len(table) + steps if steps else 0
            line = first + _element(lines, own)
        if known > depth:
            found, depth = line, known
    return found


def _statements(text: str) -> Iterator[tuple[int, list[str], dict[str, Any]]]:
    """Each statement: the number of its first line, its lines, and what it parses to."""
    first, lines = 1, []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        lines.append(line)
        try:
            parsed = tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError:
            continue
        if parsed:
            yield first, lines, parsed
        first, lines = number + 1, []


def _header(parsed: dict[str, Any], sizes: dict[Path, int]) -> Path:
    """The path of the table that a header opens; `sizes` counts the tables of each array."""
    path: Path = ()
    node: Any = parsed
    while node:
        ((key, node),) = node.items()
        path += (key,)
        if isinstance(node, list):
            sizes[path] = sizes.get(path, 0) + 1
            node = None
        if path in sizes:
            path += (sizes[path] - 1,)
    return path


def _steps(node: Any, path: Path) -> int:
    """How many steps of the path there are in what was parsed."""
    for taken, step in enumerate(path):
        inside = (
            step in node
            if isinstance(node, dict)
            else isinstance(node, list) and isinstance(step, int) and step < len(node)
        )
        if not inside:
            return taken
        node = node[step]
    return len(path)


def _element(lines: list[str], path: Path) -> int:
    """How many lines below its statement's first the array element ends that `path` leads to."""
    place = next((depth for depth, step in enumerate(path) if isinstance(step, int)), None)
    if place is None:
        return 0
    for below in range(len(lines) - 1):
        try:
            parsed = tomllib.loads("\n".join(lines[: below + 1]) + "\n]")
        except tomllib.TOMLDecodeError:
            continue
        if _steps(parsed, path[: place + 1]) > place:
            return below
    return len(lines) - 1
