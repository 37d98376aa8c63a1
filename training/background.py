"""Texts that hold a model where it is when none of those it learnt from are at hand."""

from importlib import resources

from tagger import Document

__all__ = ["read_background"]


def read_background() -> list[Document]:
    """Paragraphs of news and comment, without labels, that blank lines part: written for this
    project."""
    text = resources.files("training").joinpath("background.txt").read_text("utf-8")
    blocks = text.strip().split("\n\n")
    return [Document(block, (), f"background-{number}") for number, block in enumerate(blocks)]
