"""Offsets in the units that other languages count in."""

from collections.abc import Iterable

from tagger.errors import InputError

__all__ = ["OFFSET_UNITS", "convert_offsets", "to_code_points"]

OFFSET_UNITS = ("code_point", "utf16", "utf8")
"""What offsets may count: code points, UTF-16 code units (JavaScript), UTF-8 bytes."""


def convert_offsets(text: str, offsets: Iterable[int], unit: str) -> list[int]:
    """Convert code-point offsets into `text` to `unit`, one of `OFFSET_UNITS`, in order.

    Takes time linear in the text, and one sort of the offsets. A lone surrogate counts as
    one UTF-16 unit or three bytes, as if it were encoded on its own.

    Raises InputError for another unit, or an offset outside the text.
    """
    _check_unit(unit)
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


def to_code_points(text: str, offsets: Iterable[int], unit: str) -> list[int | None]:
    """Convert offsets into `text` that count `unit` to code points, in order.

    None stands for an offset that is none: negative, after the end, or inside a character, that
    is in a surrogate pair or in the bytes of a UTF-8 sequence. Takes time as `convert_offsets`.

    Raises InputError for another unit.
    """
    _check_unit(unit)
    given = list(offsets)
    if unit == "code_point" or text.isascii():
        return [offset if 0 <= offset <= len(text) else None for offset in given]
    encoding, width, inside = _ENCODINGS[unit]
    encoded = text.encode(encoding, "surrogatepass")
    converted: dict[int, int | None] = {}
    position = points = 0
    for offset in sorted(set(given)):
        at = offset * width
        if not 0 <= at <= len(encoded) or inside(encoded[at : at + width]):
            converted[offset] = None
            continue
        points += len(encoded[position:at].decode(encoding, "surrogatepass"))
        position = at
        converted[offset] = points
    return [converted[offset] for offset in given]


def _inside_pair(unit: bytes) -> bool:
    return unit[1:] != b"" and 0xDC <= unit[1] < 0xE0


def _inside_sequence(unit: bytes) -> bool:
    return unit != b"" and 0x80 <= unit[0] < 0xC0


_ENCODINGS = {
    "utf16": ("utf-16-le", 2, _inside_pair),
    "utf8": ("utf-8", 1, _inside_sequence),
}


def _check_unit(unit: str) -> None:
    if unit not in OFFSET_UNITS:
        raise InputError(f"offset_unit is not one of {', '.join(OFFSET_UNITS)}")


def _length(piece: str, unit: str) -> int:
    if unit == "code_point" or piece.isascii():
        return len(piece)
    if unit == "utf16":
        return len(piece.encode("utf-16-le", "surrogatepass")) // 2
    return len(piece.encode("utf-8", "surrogatepass"))
