"""Offsets that clients send, checked and turned into code points."""

from collections.abc import Sequence

from service.problems import Fault, Problem, pointer
from service.schemas import Fragment
from tagger import convert_offsets, to_code_points

__all__ = ["in_code_points"]


def in_code_points(
    text: str, fragments: Sequence[Fragment], unit: str, field: str = "fragments"
) -> list[tuple[int, int]]:
    """Fragments of `text` in code points, as (start, end).

    unit   what the fragments' offsets count: code_point, utf16 or utf8
    field  of the request that holds the fragments

    Raises Problem with 422 that points at every fragment that is empty, and at every offset that
    lies outside the text or inside one of its characters.
    """
    starts = to_code_points(text, (fragment.start for fragment in fragments), unit)
    ends = to_code_points(text, (fragment.end for fragment in fragments), unit)
    [length] = convert_offsets(text, [len(text)], unit)
    found: list[tuple[int, int]] = []
    faults: list[Fault] = []
    for number, (fragment, start, end) in enumerate(zip(fragments, starts, ends, strict=True)):
        if start is None:
            faults.append(_fault((field, number, "start"), fragment.start, length))
        if end is None:
            faults.append(_fault((field, number, "end"), fragment.end, length))
        if start is None or end is None:
            continue
        if start >= end:
            reason = "start must be smaller than end"
            faults.append(Fault(pointer((field, number)), "empty_fragment", reason))
        found.append((start, end))
    if faults:
        detail = "offsets must fit the text, which they count in the request's offset_unit"
        raise Problem(422, detail, faults)
    return found


def _fault(path: tuple[str | int, ...], offset: int, length: int) -> Fault:
    if offset > length:
        return Fault(pointer(path), "outside_text", f"the text ends at {length}")
    return Fault(pointer(path), "inside_character", "the offset lies inside a character")
