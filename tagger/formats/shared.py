"""What pages share, so that all of them look alike and none can do more than show."""

from pathlib import Path
from string import Template

__all__ = ["BASE_CSS", "PALETTE_CSS", "page_head"]

BASE_CSS = Path(__file__).with_name("base.css")
"""Colours of paper and ink, light and dark, and fonts: what every page begins with."""

PALETTE_CSS = Path(__file__).with_name("palette.css")
"""How techniques differ; wants BASE_CSS before it."""

_HEAD = Path(__file__).with_name("head.html")


def page_head(title: str) -> str:
    """What stands in the head of a page that is one file, but for its style: it may run no script
    and load nothing.

    title  as HTML
    """
    return Template(_HEAD.read_text("utf-8").rstrip("\n")).substitute(title=title)
