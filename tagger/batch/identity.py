"""What makes two runs one job: the same input, model and options."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tagger.batch.files import InputFile
from tagger.batch.score import Scoring
from tagger.errors import InputError
from tagger.manifest import Manifest

__all__ = ["Options", "check_same", "identity"]


@dataclass(frozen=True)
class Options:
    """What shapes the output beside input, model and scoring.

    text, id    names of columns; id None: `id` if there is one, else made from path and row
    columns     to carry through; None: all but the text and the id
    format      parquet, jsonl or ptc
    explode     a row for each span
    shard_rows  rows of the input in a shard
    """

    text: str = "text"
    id: str | None = None
    columns: tuple[str, ...] | None = None
    format: str = "parquet"
    explode: bool = False
    shard_rows: int = 5000


def identity(
    files: Sequence[InputFile], scoring: Scoring, model: Manifest, options: Options
) -> dict[str, Any]:
    """What two runs must have in common to be one job."""
    policy = asdict(scoring.policy) if scoring.policy is not None else None
    found: dict[str, Any] = {
        "input": [
            {"path": f.path, "format": f.format, "size": f.size, "changed": f.changed}
            for f in files
        ],
        "model": {"name": model.name, "version": model.version, "sha256": model.sha256},
        "options": {
            **asdict(options),
            "labels": scoring.labels,
            "thresholds": dict(scoring.thresholds) if scoring.thresholds is not None else None,
            "max_characters": scoring.max_characters,
            "policy": policy,
        },
    }
    read: dict[str, Any] = _as_read(found)
    return read


def _as_read(value: Any) -> Any:
    """As JSON brings it back: lists for tuples."""
    if isinstance(value, dict):
        return {key: _as_read(own) for key, own in value.items()}
    return [_as_read(own) for own in value] if isinstance(value, list | tuple) else value


def check_same(kept: Any, given: dict[str, Any], path: Path) -> None:
    """Raises InputError that names the first difference between two identities."""
    kept = kept if isinstance(kept, dict) else {}
    own = kept.get("options") or {}
    for name, value in given["options"].items():
        if own.get(name) != value:
            raise InputError(
                f"--resume: {name} is not what the job was started with ({path}): "
                "give the same options, or another --output"
            )
    if kept.get("model") != given["model"]:
        raise InputError(
            f"--resume: the job was started with another model ({path}): "
            "name it with --model, or give another --output"
        )
    if kept.get("input") != given["input"]:
        raise InputError(
            f"--resume: the input is not what the job was started with, or has changed ({path}): "
            "give another --output"
        )
