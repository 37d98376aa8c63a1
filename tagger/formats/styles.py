"""Style sheets that pages share, so that all of them look alike."""

from pathlib import Path

__all__ = ["BASE_CSS", "PALETTE_CSS"]

BASE_CSS = Path(__file__).with_name("base.css")
"""Colours of paper and ink, light and dark, and fonts: what every page begins with."""

PALETTE_CSS = Path(__file__).with_name("palette.css")
"""How techniques differ; wants BASE_CSS before it."""
