"""Characters that act on a display instead of showing on it."""

import re

__all__ = ["UNSAFE", "visible"]

UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    r"\u202a-\u202e\u2066-\u2069"  # bidirectional embeddings, overrides and isolates
    r"\ud800-\udfff]"  # lone surrogates, which no file can hold
)
"""Controls that could steer a terminal or reorder what a reader sees."""


def visible(text: str) -> str:
    r"""Write every unsafe character of `text` as its escape: ESC becomes `\x1b`.

    A carriage return before a line feed is left out: together they are one line break.
    """
    return UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 0x0D:
        return "\\r"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
