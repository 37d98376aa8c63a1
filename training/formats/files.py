"""Files as they are: bytes, UTF-8, JSON records. What can't be read is said in one line."""

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tagger import InputError
from training.formats.records import Place, Problem

__all__ = ["is_blank", "json_records", "read_text", "write_text"]

_BLANK = b" \t\r\n\xef\xbb\xbf"  # with the bytes of a byte order mark


def is_blank(path: Path) -> bool:
    """Whether a file holds white space alone, or nothing. Raises InputError if it can't be read."""
    try:
        with path.open("rb") as file:
            return not any(block.strip(_BLANK) for block in iter(lambda: file.read(1 << 16), b""))
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from None


def read_text(path: Path) -> str:
    """The file as it is: offsets count its line ends too, so they are not translated.

    Raises InputError if it can't be read, or is not UTF-8.
    """
    try:
        return _decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from None


def write_text(path: Path, text: str) -> None:
    """Write a file and the folders above it, line ends as they are. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None


def json_records(path: Path) -> Iterator[tuple[Place, dict[str, Any]] | Problem]:
    """The objects of a file, or of the JSON files in a ZIP file: one a line, or the items of a
    JSON array, each with its place.

    Problems are what is no object, or holds half a surrogate pair, which no text can. Raises
    InputError as `read_text`.
    """
    for file, text in _files(path):
        if not text.strip():
            yield Problem(Place(file), "the file is empty")
        elif text.lstrip().startswith("["):
            yield from _items(file, text)
        else:
            for number, line in enumerate(text.split("\n"), 1):
                if line.strip():
                    yield _record(Place(file, number), line)


def _files(path: Path) -> Iterator[tuple[str, str]]:
    """Name and text of a file, or of each file that a ZIP file holds."""
    if not zipfile.is_zipfile(path):
        yield str(path), read_text(path).removeprefix("\ufeff")
        return
    try:
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                if name.endswith((".json", ".jsonl")):
                    file = f"{path}/{name}"
                    yield file, _decoded(packed.read(name), file).removeprefix("\ufeff")
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        raise InputError(f"can't read {path}: the ZIP file is damaged or locked") from None


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start}): convert it first") from None


def _items(file: str, text: str) -> Iterator[tuple[Place, dict[str, Any]] | Problem]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        yield Problem(Place(file), f"this is not JSON{line}: is the file complete?")
        return
    if not items:
        yield Problem(Place(file), "the file holds no records")
    for number, item in enumerate(items, 1):
        yield _checked(Place(file, f"record {number}"), item)


def _record(place: Place, line: str) -> tuple[Place, dict[str, Any]] | Problem:
    try:
        return _checked(place, json.loads(line))
    except (ValueError, RecursionError):
        return Problem(place, "this line is not JSON: is the file complete?")


def _checked(place: Place, item: object) -> tuple[Place, dict[str, Any]] | Problem:
    if not isinstance(item, dict):
        return Problem(place, "expected an object: {...}")
    try:
        json.dumps(item, ensure_ascii=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError):
        return Problem(place, "the text holds half a character (a lone surrogate)")
    return place, item
