"""Rows of JSON Lines, CSV and text files, one by one, so that a broken one spoils no other.

The readers of `datasets` and Arrow give up a whole block of rows, or the file, for one row that is
not JSON or not UTF-8. Reading takes some thousandths of the time that scoring does.
"""

import csv
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tagger.batch.files import InputFile
from tagger.batch.lines import MAX_BYTES, BrokenOff, lines, read_whole
from tagger.errors import InputError

__all__ = ["READERS", "Record"]

_TOO_LONG = f"the row is longer than {MAX_BYTES // 1024 // 1024} MiB"
_SURROGATE = "holds a lone surrogate, which no encoding of Unicode can carry"


class Record(NamedTuple):
    """A row: its number in the file, from 1, and its values, or why it can't be read."""

    row: int
    values: dict[str, Any]
    error: str | None = None


def _jsonl(file: InputFile) -> Iterator[Record]:
    row = 0
    try:
        for number, line in lines(file.path):
            if line.isspace():
                continue
            row += 1
            try:
                yield Record(row, _object(line))
            except (ValueError, RecursionError) as error:
                yield Record(row, {}, f"line {number}: {error}")
    except BrokenOff as error:
        yield Record(row + 1, {}, str(error))


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_BYTES:
        raise ValueError(_TOO_LONG)
    try:
        text = line.decode("utf-8")
        found = json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start} of the line)") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg}, character {error.pos + 1})") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    if "\\ud" in text.lower():
        try:
            json.dumps(found, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(_SURROGATE) from None
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"not JSON ({name})")


def _csv(file: InputFile, delimiter: str = ",") -> Iterator[Record]:
    # Strict: text after a closing quote is a broken row, and reading goes on at the next line.
    csv.field_size_limit(MAX_BYTES)
    row, first, seen = 0, 1, 0
    text: list[int] = []

    def decoded() -> Iterator[str]:
        nonlocal seen
        for number, line in lines(file.path):
            seen = number
            if len(line) > MAX_BYTES:
                text.append(number)
            yield line.decode("utf-8", "surrogateescape")

    reader = csv.reader(decoded(), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        first = seen + 1
        text.clear()
        try:
            fields = next(reader)
            error = None
        except StopIteration:
            return
        except BrokenOff as fault:
            yield Record(row + 1, {}, str(fault))
            return
        except csv.Error as fault:
            fields, error = [], f"broken quotes ({fault})"
        if header is None:
            header = _header(file, fields, error)
            continue
        if not fields and error is None:  # an empty line
            continue
        row += 1
        if error is None and len(fields) != len(header):
            error = f"{len(fields)} fields where the header has {len(header)}"
        if text:
            error = _TOO_LONG
        if error is None and any(not _is_text(field) for field in fields):
            error = "not UTF-8"
        if error is not None:
            where = f"line {first}" if seen <= first else f"lines {first} to {seen}"
            yield Record(row, {}, f"{where}: {error}")
        else:
            yield Record(row, dict(zip(header, fields, strict=True)))


def _header(file: InputFile, fields: list[str], error: str | None) -> list[str]:
    if error is None and not all(map(_is_text, fields)):
        error = "not UTF-8"
    if error is None and len(set(fields)) != len(fields):
        error = "two columns of one name"
    if error is not None:
        raise InputError(f"{file.path}: the header, its first line, can't be read: {error}")
    return fields


def _is_text(field: str) -> bool:
    try:
        field.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _tsv(file: InputFile) -> Iterator[Record]:
    return _csv(file, "\t")


def _text(file: InputFile) -> Iterator[Record]:
    values: dict[str, Any] = {"id": file.name}
    try:
        raw = read_whole(file.path)
        if len(raw) > MAX_BYTES:
            yield Record(1, values, _TOO_LONG)
        else:
            yield Record(1, values | {"text": raw.decode("utf-8")})
    except BrokenOff as error:
        yield Record(1, values, str(error))
    except UnicodeDecodeError as error:
        yield Record(1, values, f"the text is not UTF-8 (byte {error.start})")


READERS: dict[str, Callable[[InputFile], Iterator[Record]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "tsv": _tsv,
    "text": _text,
    "ptc": _text,
}
"""By format of the file. They raise OSError if the disk fails, InputError for a broken header."""
