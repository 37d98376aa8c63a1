"""The page of `tagger report` in a real browser, at two widths, light and dark."""

import re
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_the_screen(open_page: Any, page_path: Path, width: int, scheme: str) -> None:
    size = {"width": width, "height": 800}
    shown = open_page(page_path.as_uri(), viewport=size, color_scheme=scheme)
    page = shown.page
    closed = page.locator("table:visible").count()
    for summary in page.locator("summary").all():
        summary.focus()
        page.keyboard.press("Enter")
    opened = page.locator("table:visible").count()
    sizes = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    sideways = page.locator(".wide").evaluate_all(
        "all => all.map(one => one.tabIndex === 0 && one.clientWidth <= innerWidth)"
    )
    paper, ink, drawn = page.evaluate(
        """["body", "h1", "svg text"].map((at, place) => {
            const style = getComputedStyle(document.querySelector(at));
            return [style.backgroundColor, style.color, style.fill][place];
        })"""
    )
    plots = page.locator("svg").evaluate_all("all => all.map(one => one.clientWidth)")
    smallest = page.locator("svg text").evaluate_all(
        "all => Math.min(...all.map(one => one.getBoundingClientRect().height))"
    )
    outside = page.locator("svg").evaluate_all(
        """all => all.filter(one => {
            const own = one.getBoundingClientRect();
            return [...one.querySelectorAll("text")].some(text => {
                const box = text.getBoundingClientRect();
                return box.left < own.left - 12 || box.right > own.right + 12;
            });
        }).map(one => one.getAttribute("aria-label"))"""
    )
    shown.close()
    assert (closed, opened) == (2, 4)
    assert sizes == [width, width]
    assert sideways == [True] * 3
    assert min(plots) > 100
    assert smallest > 7
    assert outside == []
    bright = {
        name: sum(map(int, re.findall(r"\d+", colour)[:3]))
        for name, colour in {"paper": paper, "ink": ink, "drawn": drawn}.items()
    }
    assert (bright["paper"] > 384) == (scheme == "light")
    assert (bright["ink"] > 384) == (bright["drawn"] > 384) == (scheme == "dark")
    assert shown.urls() == [page_path.as_uri()]
    assert shown.complaints == []
