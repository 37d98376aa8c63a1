"""A web page on what `tagger batch` found, with plots."""

from tagger.report.command import add_report

__all__ = ["add_report"]
