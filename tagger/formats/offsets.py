"""Offsets in the units that other languages count in."""

from collections.abc import Iterable

from tagger.errors import InputError

__all__ = ["OFFSET_UNITS", "convert_offsets"]

OFFSET_UNITS = ("code_point", "utf16", "utf8")
"""What offsets may count: code points, UTF-16 code units (JavaScript), UTF-8 bytes."""


def convert_offsets(text: str, offsets: Iterable[int], unit: str) -> list[int]:
    """Convert code-point offsets into `text` to `unit`, one of `OFFSET_UNITS`, in order.

    Takes time linear in the text, and one sort of the offsets. A lone surrogate counts as
    one UTF-16 unit or three bytes, as if it were encoded on its own.

    Raises InputError for another unit, or an offset outside the text.
    """
    if unit not in OFFSET_UNITS:
        raise InputError(f"offset_unit is not one of {', '.join(OFFSET_UNITS)}")
    given = list(offsets)
    converted: dict[int, int] = {}
    position = units = 0
    for offset in sorted(set(given)):
        if not 0 <= offset <= len(text):
            raise InputError(
                f"offset {offset} lies outside the text, which has {len(text)} characters: "
                "offsets count Unicode code points"
            )
        units += _length(text[position:offset], unit)
        position = offset
        converted[offset] = units
    return [converted[offset] for offset in given]


def _length(piece: str, unit: str) -> int:
    if unit == "code_point" or piece.isascii():
        return len(piece)
    if unit == "utf16":
        return len(piece.encode("utf-16-le", "surrogatepass")) // 2
    return len(piece.encode("utf-8", "surrogatepass"))
