"""The seam between engines: a column of texts in, a record batch of their spans out.

Every engine, on one machine or many, runs this function and nothing else of the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tagger.batch.types import DECISION, SPANS
from tagger.config import Config, default_model
from tagger.decode import decode
from tagger.errors import InputError, ModelError
from tagger.manifest import Manifest
from tagger.policy import Policy
from tagger.spans import Document
from tagger.tagger import Tagger

__all__ = ["MAX_CHARACTERS", "Scoring", "make_scoring", "result_schema", "score"]

MAX_CHARACTERS = 1_000_000
_DECIMALS = 6


@dataclass(frozen=True)
class Scoring:
    """How texts are scored, small enough to go to a worker with every task.

    model           the model folder, where the worker finds it
    sha256          the model's identity, which the worker checks
    thresholds      by label id or "default", as pairs; None: the model's own
    max_characters  longer texts are not scored
    threads         windows that a worker computes at the same time
    """

    model: str
    sha256: str
    labels: tuple[str, ...] | None = None
    thresholds: tuple[tuple[str, float], ...] | None = None
    policy: Policy | None = None
    max_characters: int = MAX_CHARACTERS
    threads: int = 1


def make_scoring(
    model: str | Path | None,
    *,
    labels: Sequence[str] | None = None,
    thresholds: float | Mapping[str, float] | None = None,
    policy: Policy | None = None,
    max_characters: int = MAX_CHARACTERS,
) -> tuple[Scoring, Manifest]:
    """Check everything that can be refused before the work.

    model  a folder; None: the one in use, as `Tagger.load` finds it

    Raises ModelError if a file of the model is missing or damaged, InputError for an unknown label,
    a threshold outside [0, 1], or a limit below 1.
    """
    folder = Path(model) if model is not None else default_model(Config.from_environment().models)
    manifest = Manifest.read(folder)
    for name in manifest.files:
        manifest.read_file(folder, name)
    decode([], [], [], manifest.labels, labels=labels, thresholds=thresholds)
    if max_characters < 1:
        raise InputError(f"a limit of {max_characters} characters leaves no text")
    if thresholds is not None and not isinstance(thresholds, Mapping):
        thresholds = {"default": thresholds}
    return (
        Scoring(
            str(folder.absolute()),
            manifest.sha256,
            tuple(labels) if labels is not None else None,
            tuple(sorted(thresholds.items())) if thresholds else None,
            policy,
            max_characters,
        ),
        manifest,
    )


def result_schema(scoring: Scoring) -> pa.Schema:
    """What `score` answers with: `spans`, `decision` where there is a policy, `error`."""
    fields = [pa.field("spans", SPANS)]
    if scoring.policy is not None:
        fields.append(pa.field("decision", DECISION))
    return pa.schema([*fields, pa.field("error", pa.string())])


def score(texts: pa.Array, scoring: Scoring) -> pa.RecordBatch:
    """Score a column of texts: a row of `result_schema` for each, in order.

    A text that can't be scored has its reason in `error` and null in the other columns.

    Raises ModelError if the model is not there or not the one that was meant.
    """
    values, errors = _readable(texts, scoring.max_characters)
    good = [row for row, error in enumerate(errors) if error is None]
    documents = _tag([values[row] for row in good], scoring)
    spans: list[list[dict[str, Any]] | None] = [None] * len(values)
    decisions: list[dict[str, Any] | None] = [None] * len(values)
    for row, document in zip(good, documents, strict=True):
        spans[row] = _spans(document)
    if scoring.policy is not None:
        decided = scoring.policy.decide(documents, together=False).results
        for row, decision in zip(good, decided, strict=True):
            decisions[row] = decision.as_dict()
    columns = {"spans": spans, "decision": decisions, "error": errors}
    schema = result_schema(scoring)
    return pa.RecordBatch.from_arrays(
        [pa.array(columns[field.name], field.type) for field in schema], schema=schema
    )


def _readable(texts: pa.Array, limit: int) -> tuple[list[str], list[str | None]]:
    """Each text, and why it can't be scored; Arrow does not promise that strings are UTF-8."""
    values: list[str] = []
    errors: list[str | None] = []
    binary = pa.large_binary() if pa.types.is_large_string(texts.type) else pa.binary()
    for raw in texts.cast(binary).to_pylist():
        value, error = "", None
        if raw is None:
            error = "the text is null"
        else:
            try:
                value = raw.decode("utf-8")
            except UnicodeDecodeError as fault:
                error = f"the text is not UTF-8 (byte {fault.start})"
        if len(value) > limit:
            error = f"the text has {len(value)} characters, more than the limit of {limit}"
        values.append(value)
        errors.append(error)
    return values, errors


def _tag(texts: Sequence[str], scoring: Scoring) -> list[Document]:
    tagger = _tagger(scoring.model, scoring.sha256, scoring.threads)
    windows = tagger.plan(texts)
    # The longest first: threads end together, and the session allocates its largest arrays once.
    order = np.argsort([-len(window) for window in windows], kind="stable").tolist()
    inferred = tagger.infer([windows[place] for place in order])
    found = dict(zip(order, inferred, strict=True))
    return tagger.decode(
        texts,
        windows,
        [found[place] for place in range(len(windows))],
        labels=scoring.labels,
        thresholds=dict(scoring.thresholds) if scoring.thresholds is not None else None,
    )


@lru_cache(maxsize=1)
def _tagger(model: str, sha256: str, threads: int) -> Tagger:
    """The model, loaded once in a process."""
    tagger = Tagger.load(model, threads=threads)
    if tagger.manifest.sha256 != sha256:
        raise ModelError(f"{model} holds another model than where the job was started")
    return tagger


def _spans(document: Document) -> list[dict[str, Any]]:
    return [
        {
            "start": span.start,
            "end": span.end,
            "label": span.label,
            "score": round(float(span.score), _DECIMALS),
            "text": document.text[span.start : span.end],
        }
        for span in document.spans
    ]
