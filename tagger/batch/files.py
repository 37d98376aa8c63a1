"""Which files an input is: from what a command line names to a list of files of one format."""

import glob
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger.errors import InputError

__all__ = ["FORMATS", "InputFile", "find_files"]

FORMATS = {
    "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv",),
    "tsv": (".tsv",),
    "parquet": (".parquet",),
    "text": (".txt",),
    "ptc": (),
    "dataset": (),
}
"""Formats of the input, and the endings that tell them; all but Parquet may end in .gz too."""

_ARTICLES = "train-articles"
_STATE = "state.json"


@dataclass(frozen=True)
class InputFile:
    """A file to read.

    path  as it was named or found: what errors and ids show
    name  of a text: its id
    size  bytes; with `changed`, nanoseconds, it tells whether the file is still the same
    """

    path: str
    format: str
    name: str
    size: int
    changed: int


def find_files(given: Sequence[str], format: str | None = None) -> list[InputFile]:
    """The files that paths, folders and patterns name, in that order and sorted within each.

    format  one of FORMATS; None: by their endings

    Raises InputError for what is not there, is of no known format, or is of several.
    """
    found = [file for name in given for file in _found(name, format)]
    formats = sorted({file.format for file in found})
    if len(formats) > 1:
        raise InputError(f"the input has files of {', '.join(formats)}: give one format at a time")
    for path, count in Counter(file.path for file in found).items():
        if count > 1:
            raise InputError(f"{path} is in the input twice")
    return found


def _found(name: str, format: str | None) -> list[InputFile]:
    path = Path(name)
    if path.is_dir():
        return _folder(path, format)
    if path.exists():
        return [_file(path, format, path.name)]
    matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207
    files = [_file(match, format, match.name) for match in matches if match.is_file()]
    if not files:
        raise InputError(f"{name}: there is no such file, and no file fits it as a pattern")
    return files


def _folder(folder: Path, format: str | None) -> list[InputFile]:
    if format == "dataset" or (format is None and (folder / _STATE).is_file()):
        return [_file(folder, "dataset", folder.name)]
    articles = folder / _ARTICLES if (folder / _ARTICLES).is_dir() else folder
    if format == "ptc" or (format is None and articles is not folder):
        paths = sorted(articles.glob("article*.txt"))
        if not paths:
            raise InputError(f"{articles} holds no article<ID>.txt: is it a PTC folder?")
        return [_file(path, "ptc", path.stem.removeprefix("article")) for path in paths]
    files = [
        _file(path, format, path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)
        and (format is not None or _format(path))
    ]
    if not files:
        known = " ".join(ending for endings in FORMATS.values() for ending in endings)
        raise InputError(f"{folder} holds no file that ends in one of {known}")
    return files


def _file(path: Path, format: str | None, name: str) -> InputFile:
    kind = format or _format(path)
    if kind is None:
        known = " ".join(ending for endings in FORMATS.values() for ending in endings)
        raise InputError(
            f"{path}: the ending tells no format ({known}, all but Parquet also with .gz): "
            "give --input-format"
        )
    if kind == "text":
        name = name.removesuffix(".gz").removesuffix(".txt")
    try:
        about = (path / _STATE if kind == "dataset" else path).stat()
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from None
    return InputFile(str(path), kind, name, about.st_size, about.st_mtime_ns)


def _format(path: Path) -> str | None:
    name = path.name.lower()
    plain = name.removesuffix(".gz")
    for kind, endings in FORMATS.items():
        if plain.endswith(endings) and (plain == name or kind != "parquet"):
            return kind
    return None
