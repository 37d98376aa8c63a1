import re

import pytest

from tagger.formats import to_terminal
from tagger.manifest import Label
from tagger.spans import Document, Span

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def body(document: Document, labels: tuple[Label, ...]) -> str:
    shown = to_terminal(document, labels, color=False, width=None)
    return shown.rpartition("\n\n")[0]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((), "abcdefghi"),
        ((Span(0, 3, "doubt", 0.83),), "⟦abc⟧(doubt .83)defghi"),
        ((Span(6, 9, "doubt", 1.0),), "abcdef⟦ghi⟧(doubt 1.00)"),
        (
            (Span(0, 6, "doubt", 0.8), Span(3, 6, "slogans", 0.7)),
            "⟦abc⟦def⟧(slogans .70)⟧(doubt .80)ghi",
        ),
        (
            (Span(0, 3, "doubt", 0.8), Span(0, 3, "slogans", 0.7)),
            "⟦⟦abc⟧(slogans .70)⟧(doubt .80)defghi",
        ),
        (
            (Span(0, 6, "doubt", 0.8), Span(3, 9, "slogans", 0.7)),
            "⟦¹abc⟦²def⟧¹(doubt .80)ghi⟧²(slogans .70)",
        ),
        (
            (Span(0, 9, "doubt", 0.8), Span(1, 4, "a", 0.1), Span(2, 6, "b", 0.2)),
            "⟦a⟦¹b⟦²cd⟧¹(a .10)ef⟧²(b .20)ghi⟧(doubt .80)",
        ),
    ],
)
def test_brackets(spans: tuple[Span, ...], expected: str, labels: tuple[Label, ...]) -> None:
    assert body(Document("abcdefghi", spans), labels) == expected


def test_colour_is_never_the_only_carrier(labels: tuple[Label, ...]) -> None:
    document = Document("a wartime ecstasy.", (Span(2, 17, "loaded_language", 0.83),))
    shown = to_terminal(document, labels, color=True, width=None)
    assert STYLE.sub("", shown).startswith("a wartime ecstasy [loaded language .83].\n")
    assert "48;5;" in shown


def test_a_label_keeps_its_colour(labels: tuple[Label, ...]) -> None:
    def style(start: int, label: str) -> str:
        document = Document("abcdefghi", (Span(start, start + 1, label),))
        found = STYLE.search(to_terminal(document, labels, color=True, width=None))
        assert found
        return found[0]

    assert style(0, "doubt") == style(5, "doubt") != style(0, "loaded_language")


def test_no_style_is_open_at_a_line_break_or_at_the_end(labels: tuple[Label, ...]) -> None:
    document = Document("ab\n\ncd\n", (Span(0, 5, "doubt"), Span(1, 6, "loaded_language")))
    shown = to_terminal(document, labels, color=True, width=20)
    plain = "⟦¹a⟦²b\n\nc⟧¹ [doubt 1.00]d⟧² [loaded language 1.00]\n\n"
    assert STYLE.sub("", shown).startswith(plain)
    for line in shown.splitlines():
        styles = STYLE.findall(line)
        assert not styles or styles[-1] == "\x1b[0m"


def test_overlaps_are_underlined_and_bracketed(labels: tuple[Label, ...]) -> None:
    document = Document("abcdef", (Span(0, 6, "doubt"), Span(2, 4, "loaded_language")))
    shown = to_terminal(document, labels, color=True, width=None)
    assert "\x1b[4mcd\x1b[0m" in shown
    assert STYLE.sub("", shown).startswith("⟦ab⟦cd⟧ [loaded language 1.00]ef⟧ [doubt 1.00]\n")


@pytest.mark.parametrize("color", [True, False])
def test_nothing_in_a_text_or_label_steers_the_terminal(
    color: bool, labels: tuple[Label, ...]
) -> None:
    hostile = "\x1b]0;x\x07 \x9b2J \r \u202e \x00 \x1b[31m"
    document = Document(hostile, (Span(0, 5, "\x1b[5m\nbad"), Span(6, 9, "doubt")))
    shown = STYLE.sub("", to_terminal(document, labels, color=color, width=80))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert "\\x1b" in shown
    if not color:
        assert "\x1b" not in to_terminal(document, labels, color=False, width=80)


@pytest.mark.parametrize("width", [1, 20, 80, None])
def test_the_text_is_not_wrapped(width: int | None, labels: tuple[Label, ...]) -> None:
    text = "  word" * 100 + "\n\n\ttail  "
    assert to_terminal(Document(text), labels, color=False, width=width) == (
        f"{text}\n\nno technique found\n"
    )


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (None, ["doubt           2  .90", "loaded_language 1  .40"]),
        (46, ["doubt           2  .90", "loaded_language 1  .40"]),
        (47, ["doubt           2  .90   loaded_language 1  .40"]),
    ],
)
def test_summary(width: int | None, rows: list[str], labels: tuple[Label, ...]) -> None:
    document = Document(
        "abc",
        (Span(0, 1, "loaded_language", 0.4), Span(1, 2, "doubt", 0.9), Span(2, 3, "doubt", 0.5)),
    )
    summary = to_terminal(document, labels, color=False, width=width).split("\n\n")[1]
    heading = "3 spans, 2 techniques (count, highest score)"
    assert summary.splitlines() == [heading, *rows]
    assert summary.endswith("\n")
