"""The folder that `tagger batch` wrote, found to be whole before anything of it is counted."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tagger.errors import InputError

__all__ = ["Output"]

_SUFFIXES = (".parquet", ".jsonl")


@dataclass(frozen=True)
class Output:
    """The shards of a complete job, in the order of their rows, and its summary.

    summary  as tagger/batch/README.md has it; empty where another program wrote the shards, from
             the rows of `tagger.spark` say
    """

    folder: Path
    shards: tuple[Path, ...]
    summary: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def find(cls, folder: Path) -> "Output":
        """Raises InputError for what is no folder of shards, or not complete."""
        try:
            names = sorted(path.name for path in folder.iterdir())
        except OSError as error:
            raise InputError(
                f"can't read {folder} ({error.strerror}): give the folder that `tagger batch` wrote"
            ) from None
        whole = "_summary.json" in names
        half = [name for name in names if name.endswith(".tmp") or name == "_temporary"]
        if not whole and ("_manifest.json" in names or half):
            raise InputError(
                f"{folder} is not complete: run `tagger batch` with --resume to its end first"
            )
        seen = [n for n in names if n.endswith(_SUFFIXES) and not n.startswith(("_", "."))]
        if not seen:
            hint = "give the folder that `tagger batch` wrote"
            if any(name.endswith(".labels") for name in names):
                hint = "PTC labels have no scores: run `tagger batch` with --format parquet"
            raise InputError(f"{folder} holds no .parquet and no .jsonl files: {hint}")
        if len({Path(name).suffix for name in seen}) > 1:
            raise InputError(f"{folder} holds .parquet and .jsonl files: keep one of the two kinds")
        shards = tuple(folder / name for name in seen)
        return cls(folder, shards, _summary(folder / "_summary.json") if whole else {})

    @property
    def techniques(self) -> tuple[str, ...]:
        """The labels of the model, found or not, as far as the summary tells."""
        return tuple(self.summary.get("techniques", ()))

    def check(self, rows: int, spans: int) -> None:
        """Raises InputError unless so many rows and spans are what the summary says."""
        if not self.summary:
            return
        said = self.summary["rows"] - self.summary["failed"], self.summary["spans"]
        if (rows, spans) != said:
            raise InputError(
                f"{self.folder} has {rows:,} rows and {spans:,} spans, but its summary says "
                f"{said[0]:,} and {said[1]:,}: a shard is missing or was changed"
            )


def _summary(path: Path) -> dict[str, Any]:
    try:
        summary = json.loads(path.read_bytes())
        counts = [summary[name] for name in ("rows", "failed", "spans")]
        usable = all(type(count) is int for count in counts)
        usable = usable and all(type(name) is str for name in summary["techniques"])
        usable = usable and {"name", "version", "sha256"} <= summary["model"].keys()
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        usable = False
    if not usable:
        raise InputError(f"{path} is damaged: it is not the summary that `tagger batch` writes")
    found: dict[str, Any] = summary
    return found
