import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import InputError
from tagger.formats import OFFSET_UNITS, convert_offsets, to_code_points

ENCODINGS = {"utf16": ("utf-16-le", 2), "utf8": ("utf-8", 1)}

# Emoji, a family joined by zero-width joiners, combining marks, right-to-left, line ends.
ALPHABET = st.one_of(
    st.sampled_from("ab é\u0301שلمي\r\n\t\x00💩👩\u200d🇺🇸\ufeff\u2028中𝔘"),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.text(ALPHABET)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("code_point", [12, 22]), ("utf16", [13, 23]), ("utf8", [15, 25])],
)
def test_the_documented_example(unit: str, expected: list[int]) -> None:
    assert convert_offsets("💩This is an annotation.", [12, 22], unit) == expected


@pytest.mark.parametrize(
    ("text", "utf16", "utf8"),
    [
        ("", 0, 0),
        ("abc", 3, 3),
        ("e\u0301", 2, 3),
        ("שלום", 4, 8),
        ("中", 1, 3),
        ("👩\u200d👧", 5, 11),
        ("\r\n\r", 3, 3),
        ("\ud83d", 1, 3),
        ("\ud83d\udca9", 2, 6),
    ],
)
def test_the_end_of_a_text_is_its_length(text: str, utf16: int, utf8: int) -> None:
    assert convert_offsets(text, [len(text)], "utf16") == [utf16]
    assert convert_offsets(text, [len(text)], "utf8") == [utf8]


@pytest.mark.parametrize("unit", ENCODINGS)
@given(data=st.data(), text=TEXTS)
def test_converted_offsets_slice_the_same_text(unit: str, data: st.DataObject, text: str) -> None:
    place = st.integers(0, len(text))
    start, end = sorted([data.draw(place), data.draw(place)])
    encoding, width = ENCODINGS[unit]
    first, last = convert_offsets(text, [start, end], unit)
    assert text.encode(encoding)[first * width : last * width].decode(encoding) == text[start:end]


@pytest.mark.parametrize("unit", OFFSET_UNITS)
def test_offsets_keep_the_order_they_came_in(unit: str) -> None:
    assert convert_offsets("abcdef", [4, 0, 6, 4], unit) == [4, 0, 6, 4]


@pytest.mark.parametrize("unit", OFFSET_UNITS)
@pytest.mark.parametrize("offset", [-1, 4])
def test_an_offset_outside_the_text_is_refused(unit: str, offset: int) -> None:
    with pytest.raises(InputError, match=f"offset {offset} lies outside"):
        convert_offsets("abc", [offset], unit)


@pytest.mark.parametrize("unit", ["utf-8", "UTF16", "", "byte"])
def test_another_unit_is_refused(unit: str) -> None:
    with pytest.raises(InputError, match="code_point, utf16, utf8"):
        convert_offsets("abc", [], unit)


@pytest.mark.parametrize("unit", ["utf16", "utf8"])
def test_no_stretch_of_the_text_is_counted_twice(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = 0

    def length(piece: str, unit: str) -> int:
        nonlocal counted
        counted += len(piece)
        return len(piece)

    monkeypatch.setattr("tagger.formats.offsets._length", length)
    convert_offsets("ä" * 1000, [*range(0, 1000, 10), *range(1000, 0, -10)], unit)
    assert counted == 1000


@pytest.mark.parametrize("unit", OFFSET_UNITS)
@given(text=TEXTS)
def test_code_points_are_found_again(unit: str, text: str) -> None:
    places = list(range(len(text) + 1))
    offsets = convert_offsets(text, places, unit)
    assert to_code_points(text, offsets, unit) == places
    every = range(-2, offsets[-1] + 3)  # those in between lie inside a character
    known = dict(zip(offsets, places, strict=True))
    assert to_code_points(text, every, unit) == [known.get(offset) for offset in every]


@pytest.mark.parametrize(
    ("unit", "offsets", "expected"),
    [
        ("code_point", [0, 4, 5, -1], [0, 4, None, None]),
        ("utf16", [5, 0, 1, 2, 6, 10**20], [4, 0, None, 1, None, None]),
        ("utf8", [0, 1, 2, 3, 4, 5, 6, 8, 9], [0, None, None, None, 1, 2, None, 4, None]),
    ],
)
def test_offsets_inside_a_character(
    unit: str, offsets: list[int], expected: list[int | None]
) -> None:
    assert to_code_points("💩aéb", offsets, unit) == expected


@pytest.mark.parametrize("unit", ["utf-8", "UTF16", "", "byte"])
def test_offsets_of_another_unit_are_refused(unit: str) -> None:
    with pytest.raises(InputError, match="code_point, utf16, utf8"):
        to_code_points("abc", [], unit)
