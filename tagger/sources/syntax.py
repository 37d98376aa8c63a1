"""The syntax of HTML: where tags, comments, raw text and character references end.

Follows the tokenizer of the HTML standard (WHATWG HTML, section 13.2.5) and so reads broken markup
as browsers do. Each function looks at the text from one position on. What the end of the text cuts
off reaches to that end, so nothing is scanned twice: reading takes time linear in the text.
"""

import re
from html.entities import html5
from typing import NamedTuple

__all__ = [
    "CDATA",
    "CHARACTERS",
    "RAW",
    "Tag",
    "end_of_declaration",
    "end_of_raw_text",
    "read_reference",
    "read_tag",
]

CDATA = "<![CDATA["
"""Starts a CDATA section inside SVG and MathML; elsewhere it starts a comment."""

CHARACTERS = frozenset({"textarea", "title"})
"""Elements that hold characters and references, but no tags."""

RAW = frozenset(
    {"iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "xmp"}
)
"""Elements that hold characters alone (`noscript` does where scripts run)."""

_TAG = re.compile(
    r"""
    <(?P<closing>/?)(?P<name>[a-zA-Z][^\t\n\f\r />]*+)
    (?P<attributes>(?:
        [\t\n\f\r /]*+ [^\t\n\f\r />][^\t\n\f\r />=]*+
        (?:[\t\n\f\r ]*+=[\t\n\f\r ]*+
            (?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >"'][^\t\n\f\r >]*+)?+
        )?+
    )*+)
    (?P<rest>[\t\n\f\r /]*+)>
    """,
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""
    [\t\n\f\r /]*+ (?P<name>[^\t\n\f\r />][^\t\n\f\r />=]*+)
    (?:[\t\n\f\r ]*+=[\t\n\f\r ]*+
        (?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\t\n\f\r >"'][^\t\n\f\r >]*+))?+
    )?+
    """,
    re.VERBOSE,
)
_HIDING = re.compile(r"hidden|display", re.ASCII | re.IGNORECASE)
_NOT_DISPLAYED = re.compile(r"(?:^|;)\s*display\s*:\s*none(?![\w-])", re.ASCII | re.IGNORECASE)
_COMMENT_END = re.compile(r"--!?>")
_SCRIPT_PART = re.compile(r"<!--|-->|<(/?)script(?=[\t\n\f\r />])", re.ASCII | re.IGNORECASE)
_REFERENCE = re.compile(
    r"&(?:#(?:[xX]([0-9a-fA-F]++)|([0-9]++));?|([a-zA-Z][a-zA-Z0-9]{0,31}+;?))", re.ASCII
)
_HIGHEST = 0x10FFFF
_REPLACEMENT = "\ufffd"


class Tag(NamedTuple):
    """A start or end tag, up to offset `end`; `hidden`: it says that its element is not shown."""

    name: str
    end: int
    closing: bool
    self_closing: bool
    hidden: bool


def read_tag(html: str, start: int) -> Tag | None:
    """The tag that starts with `<` and a letter, or `</` and a letter; None if it never ends."""
    found = _TAG.match(html, start)
    if found is None:
        return None
    return Tag(
        found["name"].lower(),
        found.end(),
        bool(found["closing"]),
        found["rest"].endswith("/"),
        _hides(found["attributes"]),
    )


def end_of_declaration(html: str, start: int) -> int:
    """Where the comment, doctype or other thing ends that starts with `<!`, `<?` or `</`."""
    if not html.startswith("<!--", start):
        end = html.find(">", start)
        return end + 1 or len(html)
    for short in ("<!-->", "<!--->"):
        if html.startswith(short, start):
            return start + len(short)
    found = _COMMENT_END.search(html, start + 4)
    return found.end() if found else len(html)


def end_of_raw_text(html: str, start: int, name: str) -> int:
    """Where the text ends that an element in RAW or CHARACTERS holds from `start` on."""
    if name == "plaintext":
        return len(html)
    if name == "script":
        return _end_of_script(html, start)
    closing = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.ASCII | re.IGNORECASE)
    found = closing.search(html, start)
    return found.start() if found else len(html)


def read_reference(html: str, start: int) -> tuple[str, int] | None:
    """What the character reference at the `&` stands for, and its end; None if it is none."""
    found = _REFERENCE.match(html, start)
    if found is None:
        return None
    hexadecimal, decimal, name = found.groups()
    if name is None:
        return _character(hexadecimal or decimal, 16 if hexadecimal else 10), found.end()
    for length in range(len(name), 1, -1):  # `&notit;` is `&not` and a text: the longest counts
        if (characters := html5.get(name[:length])) is not None:
            return characters, start + 1 + length
    return None


def _character(digits: str, base: int) -> str:
    digits = digits.lstrip("0")
    code = int(digits, base) if 0 < len(digits) < 9 else 0
    if not 0 < code <= _HIGHEST or 0xD800 <= code < 0xE000:
        return _REPLACEMENT
    if 0x80 <= code < 0xA0:  # meant as windows-1252, which leaves a few bytes unused
        return bytes([code]).decode("cp1252", "ignore") or chr(code)
    return chr(code)


def _hides(attributes: str) -> bool:
    if not _HIDING.search(attributes):
        return False
    for found in _ATTRIBUTE.finditer(attributes):
        name = found["name"].lower()
        if name == "hidden":
            return True
        value = found["double"] or found["single"] or found["bare"] or ""
        if name == "style" and _NOT_DISPLAYED.search(value):
            return True
    return False


def _end_of_script(html: str, start: int) -> int:
    """A script that holds `<!--` and then `<script` ends at the second `</script`."""
    comment = nested = False
    for found in _SCRIPT_PART.finditer(html, start):
        if found[0] == "<!--":
            comment = True
        elif found[0] == "-->":
            comment = nested = False
        elif not found[1]:
            nested = comment
        elif nested:
            nested = False
        else:
            return found.start()
    return len(html)
