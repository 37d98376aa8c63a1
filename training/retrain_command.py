"""The command `python -m training retrain`."""

import argparse
import re
import tomllib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tagger import InputError, Manifest
from training.base import Base
from training.folder import About, write_model
from training.formats import Reading, read_as_told
from training.formats.files import write_text
from training.material import prepared, with_words
from training.retrain import retrain
from training.retrained import Settings
from training.retune import retune
from training.verdicts import compared, sentences

__all__ = ["retrain_command"]


def retrain_command(arguments: argparse.Namespace) -> None:
    """Run the command. Raises InputError for data that can't be learnt from."""
    base, output = Base.read(arguments.base), arguments.output
    if not (base.folder / "manifest.json").exists():
        raise InputError(f"{base.folder} is no model folder: retraining begins with a model")
    manifest = Manifest.read(base.folder)
    if output.exists():
        raise InputError(f"{output} is there already: name a new folder, models are never changed")
    readings = _read(arguments, manifest)
    notes = [note for reading in readings for note in _noted(reading)]
    reading = readings[0]
    material = prepared(
        reading,
        [label.id for label in manifest.labels],
        base.windower(),
        without=[name for name in arguments.without.split(",") if name],
        complete=arguments.complete,
    )
    _tell(material.warnings, notes)
    described = _described(arguments.labels_file, material.own)
    others = []
    for own in readings[1:]:
        kept, told = with_words(
            own.documents, base.windower(), [str(one.place) for one in own.records]
        )
        others.append(kept)
        _tell(told, notes)
    settings = Settings(
        weight=arguments.weight,
        base_weight=arguments.base_weight,
        seed=arguments.seed,
        jobs=arguments.jobs,
    )
    work = arguments.work or output.with_name(output.name + ".work")
    common: dict[str, Any] = {
        "base_documents": others[0],
        "base_groups": readings[1].groups,
        "described": described,
        "settings": settings,
    }
    encoder = base
    if arguments.finetune:
        if others[1]:
            raise InputError(
                "--guard does not go with --finetune: every text is judged out of fold"
            )
        recipe = {"epochs": arguments.epochs, "trainings": arguments.trainings}
        encoder, retrained = retune(base, material, work, arguments.weights, **recipe, **common)
    else:
        common |= {"guard": others[1], "guard_groups": readings[2].groups}
        retrained = retrain(base, material, work, **common)
    _tell(retrained.warnings, notes)
    figures = compared(retrained)
    version = arguments.model_version or _next(manifest.version)
    measured = retrained.new.new.figures() | {"folds": retrained.folds, "retrained": figures}
    about = About(output.name, version, retrained.trained_on, measured)
    written = write_model(output, encoder, retrained.heads, retrained.labels, about)
    # Here, since matplotlib may have to look through all fonts when it is first imported.
    from training.retrain_report import retrain_report

    page = arguments.report or output.with_name(output.name + ".html")
    names = (manifest.name, manifest.version), (written.name, written.version)
    write_text(page, retrain_report(retrained, figures, names, notes))
    for line in sentences(figures, {label.id: label.name for label in retrained.labels}):
        print(line)
    print(f"{output}: model {written.version}, {written.sha256}")
    print(f"{page}: the report")


def _tell(told: Sequence[str], notes: list[str]) -> None:
    for warning in told:
        warnings.warn(warning, stacklevel=1)
        notes.append(warning)


def _read(arguments: argparse.Namespace, manifest: Manifest) -> list[Reading]:
    """The new data, those of the base, and the guard set, in this order."""
    readings: list[Reading] = []
    for files in (arguments.data, arguments.base_data, arguments.guard):
        reading = Reading(())
        if files:
            earlier = [problem for one in readings for problem in one.problems]
            reading = read_as_told(
                arguments,
                files,
                labels=manifest.labels,
                by_looks=files is not arguments.data,
                earlier=earlier,
            )
        readings.append(reading)
    return readings


def _noted(reading: Reading) -> list[str]:
    return [*(f"left out: {problem}" for problem in reading.problems), *reading.warnings]


def _described(path: Path | None, own: Sequence[str]) -> dict[str, dict[str, str]]:
    """Names, definitions and examples of new labels from a TOML file; plain ones without it."""
    described = {
        name: {"definition": "A label of this team's own, added by retraining."} for name in own
    }
    if path is None:
        return described
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not TOML: {error}") from None
    for name, entry in told.items():
        if name not in described:
            raise InputError(f"{path}: {name} is no new label; new are {', '.join(own) or 'none'}")
        if not isinstance(entry, dict) or not all(
            key in ("name", "definition", "example") and isinstance(value, str)
            for key, value in entry.items()
        ):
            raise InputError(
                f"{path}: [{name}] may hold name, definition and example, each a text in quotes"
            )
        described[name] |= entry
    return described


def _next(version: str) -> str:
    """`2026.11.2` -> `2026.11.2+1` -> `2026.11.2+2`."""
    before = re.fullmatch(r"(.*)\+(\d+)", version)
    return f"{before[1]}+{int(before[2]) + 1}" if before else f"{version}+1"
