"""Where things stand in a TOML document, in every way that TOML has to write them."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.toml_lines import line_of

DOCUMENT = '''\
# [[rules]] of a comment
version = "1"
text = """
[[rules]]
name = "not here"
"""

[[rules]]   # the first
name = "a"
labels = [  # ] of a comment
  "doubt", "]",
  # "slogans",
  "dubt" ]
[[rules]]

"name" = 'b'
score  =  1.5
[rules.inner]
x . y = { z = 3 }
[[rules.more]]
q = 1
[[rules.more]]
q = 2
[last]
n = [[1, 2],
     [3,
      4]]
'''


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("absent",), 1),
        (("version",), 2),
        (("text",), 3),
        (("rules",), 8),
        (("rules", 0), 8),
        (("rules", 0, "name"), 9),
        (("rules", 0, "labels"), 10),
        (("rules", 0, "labels", 0), 11),
        (("rules", 0, "labels", 1), 11),
        (("rules", 0, "labels", 2), 13),
        (("rules", 0, "absent"), 8),
        (("rules", 1), 14),
        (("rules", 1, "name"), 16),
        (("rules", 1, "score"), 17),
        (("rules", 1, "absent"), 14),
        (("rules", 1, "inner"), 18),
        (("rules", 1, "inner", "x", "y", "z"), 19),
        (("rules", 1, "more", 0, "q"), 21),
        (("rules", 1, "more", 1), 22),
        (("rules", 1, "more", 1, "q"), 23),
        (("last", "n"), 25),
        (("last", "n", 0), 25),
        (("last", "n", 1), 27),
    ],
)
def test_lines(path: tuple[str | int, ...], line: int, ending: str) -> None:
    assert line_of(DOCUMENT.replace("\n", ending), path) == line


def test_rules_in_one_array() -> None:
    text = 'rules = [\n  {name = "a"},\n\n  {name = "b", labels = ["x", "y"]},\n]\n'
    assert line_of(text, ("rules", 0, "name")) == 2
    assert line_of(text, ("rules", 1, "labels", 1)) == 4
    assert line_of(text, ("rules", 1, "absent")) == 4


KEYS = st.sampled_from(["a", "b-c", '"d e"', "'f'", '"]"', "g.h", "'[[i]]'"])
NOISE = st.lists(st.sampled_from(["", "  ", "# [[t]]", "\t# a = 1", '# """']), max_size=2)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A document in which every number is that of the line it stands on."""
    lines: list[str] = []
    for table in draw(st.lists(st.sampled_from(["[[t]]", "[[t.u]]", "[[ 'v w' ]]"]), max_size=6)):
        if table == "[[t.u]]" and "[[t]]" not in lines:
            continue
        lines += [*draw(NOISE), table]
        for key in draw(st.lists(KEYS, max_size=4, unique=True)):
            lines += draw(NOISE)
            number = len(lines) + 1
            kind = draw(st.sampled_from(["plain", "table", "array", "text"]))
            if kind == "plain":
                lines += [f"  {key} = {number} # ="]
            elif kind == "table":
                lines += [f"{key} = {{x = {number}, y.z = {number}}}"]
            elif kind == "array":
                lines += [f"{key} = [", f"{number + 1}, {number + 1}, # ]", "", f"{number + 3}]"]
            else:
                lines += [f'{key} = {{x = {number}, y = """', "k = 1", '"""}']
    return "\n".join(lines)


def leaves(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    if isinstance(node, int):
        yield path, node
    elif isinstance(node, dict | list):
        for step, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(inner, (*path, step))


@given(documents())
def test_every_number_is_found_on_its_line(text: str) -> None:
    for path, line in leaves(tomllib.loads(text)):
        assert line_of(text, path) == line
