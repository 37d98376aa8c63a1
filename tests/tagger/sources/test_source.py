"""Offsets between a text and what it was read from, whatever that was."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import InputError
from tagger.sources import CONTENT_TYPES, Source, read_source

TEXT = ["a", "bc ", "é", "💩", "\r\n", "&amp;", "&fjlig;", "&", "<", "&nbsp;"]
MARKUP = ["<b>", "</b>", "<p>", "</p>", "</div>", "<br>", "<img>", "<!-- c -->"]
UNSEEN = ["<script>s</script>", "<i hidden>h</i>"]
HTML = st.lists(st.sampled_from([*TEXT, *MARKUP, *UNSEEN]), max_size=30).map("".join)


def runs_cover(source: Source) -> bool:
    at = raw_at = 0
    for run in source.runs:
        if run.start != at or run.raw_start < raw_at or run.end <= at:
            return False
        at, raw_at = run.end, run.raw_end
    return at == len(source.text) and raw_at <= len(source.raw)


@given(html=HTML, data=st.data())
def test_offsets_lead_to_html_and_back(html: str, data: st.DataObject) -> None:
    source = read_source(html, "text/html")
    assert source.raw == html
    assert runs_cover(source)
    sent = [match.start() for match in re.finditer(r"\S", source.text)]
    if not sent:
        return
    start, last = sorted([data.draw(st.sampled_from(sent)), data.draw(st.sampled_from(sent))])
    raw_start, raw_end = source.to_raw(start, last + 1)
    found, end = source.to_text(raw_start, raw_end)
    assert (source.text[found] == source.text[start]) or html.startswith("&fj", raw_start)
    assert found <= start < last + 1 <= end
    assert end - found <= last + 1 - start + 2  # more where a reference is taken whole
    assert source.to_raw(found, end) == (raw_start, raw_end)
    kept = re.sub(r"\s", "", source.quote(raw_start, raw_end))
    assert kept == re.sub(r"\s", "", source.text[found:end]).replace("\xa0", "")


@given(html=HTML, start=st.integers(0, 80), length=st.integers(0, 80))
def test_any_part_of_the_html_has_a_text(html: str, start: int, length: int) -> None:
    source = read_source(html, "text/html")
    first, last = source.to_text(start, start + length)
    assert 0 <= first <= last <= len(source.text)
    if first < last:
        raw_start, raw_end = source.to_raw(first, last)
        assert start <= raw_start < raw_end <= start + length
    quoted = source.quote(start, start + length)
    assert "\n\n" not in quoted or "\n\n" in html.replace("\r", "")
    assert len(quoted) <= last - first


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 33, "one & two"),
        (3, 6, "one"),
        (0, 5, "on"),
        (4, 15, "ne &"),
        (4, 14, "ne "),  # a reference cut in two does not count
        (11, 23, " two"),
        (0, 3, ""),
        (15, 19, ""),
        (23, 33, ""),
        (9, 9, ""),
        (40, 50, ""),
    ],
)
def test_the_text_of_a_part_of_the_html(start: int, end: int, expected: str) -> None:
    html = "<p>one <b>&amp;</b> two<br><br></p>"
    source = read_source(html, "text/html")
    first, last = source.to_text(start, end)
    assert source.text[first:last] == source.quote(start, end) == expected


def test_line_breaks_are_in_the_text_but_not_among_the_text_nodes() -> None:
    source = read_source("<p>one.<br>Two<p>three", "text/html")
    assert source.text == "one.\nTwo\n\nthree"
    assert source.quote(0, len(source.raw)) == "one.Twothree"


@given(text=st.text(), data=st.data())
def test_plain_text_is_itself(text: str, data: st.DataObject) -> None:
    source = read_source(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert source.text == source.raw == text
    assert source.quote(start, end) == text[start:end]
    if start < end:
        assert source.to_raw(start, end) == source.to_text(start, end) == (start, end)


@pytest.mark.parametrize("content_type", ["", "html", "TEXT/HTML", "text/html; charset=utf-8"])
def test_another_content_type_is_refused(content_type: str) -> None:
    assert CONTENT_TYPES == ("text/plain", "text/html")
    with pytest.raises(InputError, match="text/plain, text/html"):
        read_source("", content_type)
