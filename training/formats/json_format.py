"""Formats whose file is JSON: an object a line, or an array of them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from training.formats.files import json_records, write_text
from training.formats.records import ARTICLE, Found, Place, Problem, Record

__all__ = ["JsonFormat", "field_error", "read_article", "read_id", "stored_id"]

_ARTICLE_NAMES = (ARTICLE, "article_id", "doc_id", "document", "document_id", "group")
_LOOKED_AT = 20
_TYPES: dict[type, str] = {str: "text", list: "a list", dict: "an object"}


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format that stores a record in a JSON object.

    keeps         facts that it has a place for
    fits          whether an object is one of its records, and of no other format
    read_record   the entries, or problems, of an object
    write_record  the object for a record, given its number from 1
    array         whether the objects are written as one array, not one a line
    """

    name: str
    title: str
    keeps: frozenset[str]
    fits: Callable[[dict[str, Any]], bool]
    read_record: Callable[[Place, dict[str, Any]], Found]
    write_record: Callable[[int, Record], dict[str, Any]]
    array: bool = False

    def recognises(self, path: Path) -> bool:
        """Whether one of the first objects of a file is a record of this format."""
        first = islice(json_records(path), _LOOKED_AT) if path.is_file() else ()
        return any(not isinstance(item, Problem) and self.fits(item[1]) for item in first)

    def read(self, path: Path) -> Found:
        """The entries of a file. Raises InputError if the file can't be read."""
        for item in json_records(path):
            if isinstance(item, Problem):
                yield item
            else:
                yield from self.read_record(*item)

    def write(self, records: Sequence[Record], path: Path) -> list[str]:
        """Write the records to a file; nothing is lost but facts that the format does not keep."""
        objects = [self.write_record(number, record) for number, record in enumerate(records, 1)]
        if self.array:
            write_text(path, json.dumps(objects, ensure_ascii=False, indent=1) + "\n")
        else:
            lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
            write_text(path, "".join(lines))
        return []


def field_error(record: dict[str, Any], **types: type) -> str | None:
    """What is wrong with the first field that is missing or of another type, if any is."""
    for name, wanted in types.items():
        if not isinstance(record.get(name), wanted):
            return f"the field {name} must be there and hold {_TYPES[wanted]}"
    return None


def stored_id(record: Record, number: int) -> int | str:
    """The id to write: a number where it is one, as most tools count their records."""
    name = record.document.id or str(number)
    is_number = name.isascii() and name.isdigit() and len(name) < 16 and str(int(name)) == name
    return int(name) if is_number else name


def read_id(record: dict[str, Any]) -> str | None:
    """The id of a stored record, if it has one."""
    stored = record.get("id")
    return str(stored) if isinstance(stored, int | str) and str(stored) else None


def read_article(*stored: dict[str, Any]) -> dict[str, str]:
    """The fact which article a text is from, if one of the objects says so."""
    for one in stored:
        for name in _ARTICLE_NAMES:
            if isinstance(value := one.get(name), int | str) and str(value):
                return {ARTICLE: str(value)}
    return {}
