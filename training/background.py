"""Texts that come with the project: what is known, or taken, to hold no technique.

Of both, blank lines part the blocks; each was written for this project.
"""

from importlib import resources

from tagger import Document

__all__ = ["read_background", "read_furniture"]


def read_furniture() -> list[Document]:
    """Page furniture (newsletter pleas, link lists, captions) that holds no technique."""
    return _blocks("furniture")


def read_background() -> list[Document]:
    """Paragraphs of news and comment, without labels: they hold a model where it is when none of
    the texts that it learnt from are at hand."""
    return _blocks("background")


def _blocks(name: str) -> list[Document]:
    text = resources.files("training").joinpath(f"{name}.txt").read_text("utf-8")
    return [
        Document(block, (), f"{name}-{number}")
        for number, block in enumerate(text.strip().split("\n\n"))
    ]
