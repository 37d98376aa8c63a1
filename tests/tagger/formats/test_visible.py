import pytest

from tagger.formats.visible import visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, é, 💩, שלום\n\tend", "plain, é, 💩, שלום\n\tend"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("\x00\x07\x08\x7f\x85", "\\x00\\x07\\x08\\x7f\\x85"),
        ("one\r\ntwo", "one\ntwo"),
        ("one\rtwo", "one\\rtwo"),
        ("one\r\r\ntwo", "one\\r\ntwo"),
        ("\u202eabc\u202c \u2066x\u2069", "\\u202eabc\\u202c \\u2066x\\u2069"),
        ("\u200d \u200e \u00a0", "\u200d \u200e \u00a0"),
        ("\ud83d", "\\ud83d"),
    ],
)
def test_escapes(text: str, expected: str) -> None:
    assert visible(text) == expected
    expected.encode()
