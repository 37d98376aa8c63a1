"""The commands `python -m training promote`, `rollback` and `history`."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

from tagger import Config, InputError, ModelError, Tagger, default_model
from training.formats import add_reading_options, read_as_told
from training.guard import MOST_LOSS, TOLERANCE, compare
from training.served import ServedModels

__all__ = ["add_commands"]

_REFUSED = 1
_LATER = "The service takes up the change by itself within a second or so."

Command = Callable[[argparse.Namespace], int | None]


def add_commands(commands: Any) -> None:
    """Add the commands to the parser's."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--models", type=Path, metavar="FOLDER", help="of served models; default: TAGGER_MODELS"
    )

    promoting = commands.add_parser(
        "promote",
        parents=[shared],
        help="serve a model, if it is not worse than the one in use",
        description="Compare a model with the one in use on labelled articles that neither learnt "
        "from; if it is not worse, copy it into the folder of served models and serve it. "
        f"{_LATER} The exit status is {_REFUSED} if the model is refused, and nothing has changed.",
    )
    promoting.add_argument("model", type=Path, metavar="MODEL", help="model folder")
    promoting.add_argument("--guard", type=Path, help="labelled articles, a file or a folder")
    promoting.add_argument(
        "--tolerance",
        type=_share,
        default=TOLERANCE,
        help="by how much FLC F1 may fall on the guard set; default %(default)s",
    )
    promoting.add_argument(
        "--most-loss",
        type=_share,
        default=MOST_LOSS,
        help="loss of FLC F1 that must lie outside its 95%% interval; default %(default)s",
    )
    promoting.add_argument(
        "--force", action="store_true", help="serve it however it compares; needs --reason"
    )
    promoting.add_argument("--reason", help="kept in the history")
    add_reading_options(promoting, "--guard")
    promoting.set_defaults(run=_told(_promote))

    back = commands.add_parser(
        "rollback",
        parents=[shared],
        help="serve the model that was served before",
        description=f"Serve the model that the one in use took the place of. {_LATER}",
    )
    back.add_argument("--to", metavar="VERSION", help="a version, or a model's name in the folder")
    back.add_argument("--reason", help="kept in the history")
    back.set_defaults(run=_told(_rollback))

    past = commands.add_parser(
        "history", parents=[shared], help="what was served when, and why, as JSON lines"
    )
    past.set_defaults(run=_told(_history))


def _share(text: str) -> float:
    with suppress(ValueError):
        if 0 <= (number := float(text)) <= 1:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")


def _told(run: Command) -> Command:
    """A command that says which file of the folder it can't read or write."""

    @wraps(run)
    def told(arguments: argparse.Namespace) -> int | None:
        try:
            return run(arguments)
        except OSError as error:
            where = error.filename or "the folder of served models"
            raise InputError(f"can't use {where}: {error.strerror or error}") from None

    return told


def _promote(arguments: argparse.Namespace) -> int | None:
    if arguments.force and not (arguments.reason or "").strip():
        raise InputError("promote: --force needs a --reason, which the history keeps")
    served = _served(arguments)
    new = Tagger.load(arguments.model)
    new.warm()
    guard = None
    if arguments.guard:
        # Names in the guard set are read as those of the model that is to be judged.
        guard = read_as_told(arguments, [arguments.guard], labels=new.manifest.labels)
    with served.locked():
        figures: dict[str, Any] | None = None
        name = served.current()
        if (old := _in_use(served, forced=arguments.force)) is None:
            fault = "the model in use can't be loaded"
        elif old.manifest.sha256 == new.manifest.sha256:
            if name is not None:
                raise InputError(f"{name} is {arguments.model}, and in use already")
            fault = None  # the packaged model, as the first of the folder
        elif guard is None:
            fault = "without --guard it can't be compared with the model in use"
        else:
            comparison = compare(old, new, guard)
            figures = comparison.figures()
            print(_line(figures))
            fault = comparison.fault(arguments.tolerance, arguments.most_loss)
        if fault and not arguments.force:
            print(
                f"python -m training: {arguments.model} is not promoted: {fault}. "
                "To serve it all the same: --force --reason '...'",
                file=sys.stderr,
            )
            return _REFUSED
        added = served.install(arguments.model, new.manifest)
        limits = {"tolerance": arguments.tolerance, "most_loss": arguments.most_loss}
        served.serve(
            added,
            _signed("promote", arguments.reason)
            | {"overruled": fault, "limits": limits, "figures": figures},
        )
    print(f"{served.folder} serves {added}" + (f" in place of {name}" if name else ""))
    return None


def _in_use(served: ServedModels, *, forced: bool) -> Tagger | None:
    """The model in use: the packaged one where none was promoted; if forced, None for one that
    can't be loaded."""
    try:
        folder = default_model(served.folder if served.current() is not None else None)
        return Tagger.load(folder)
    except ModelError as error:
        if not forced:
            raise ModelError(
                f"the model in use can't be loaded, so none can be compared with it ({error}): "
                "promote --force --reason '...', or rollback --to VERSION"
            ) from None
        return None


def _line(figures: dict[str, Any]) -> str:
    flc = figures["all"]
    low, high = flc["interval"]
    text = (
        f"FLC F1 on {figures['articles']} guard articles: {flc['old']:.3f} -> {flc['new']:.3f}, "
        f"difference {flc['difference']:+.3f} (95% interval {low:+.3f} to {high:+.3f})"
    )
    if left_out := figures["left_out"]:
        text += f"; {left_out} texts that one of the models learnt from were left out"
    return text


def _rollback(arguments: argparse.Namespace) -> None:
    served = _served(arguments)
    if not served.folder.is_dir():
        raise InputError(f"{served.folder} is no folder of served models")
    with served.locked():
        name = served.current()
        target = _found(served, arguments.to) if arguments.to else _before(served)
        if target == name:
            raise InputError(f"{name} is in use already")
        served.serve(target, _signed("rollback", arguments.reason))
    print(f"{served.folder} serves {target}" + (f" in place of {name}" if name else ""))


def _before(served: ServedModels) -> str:
    """What the model in use took the place of, when it was last promoted."""
    for record in reversed(served.history()):
        if record["event"] == "promote" and record["to"] == served.current() and record["from"]:
            return str(record["from"])
    raise InputError(f"the history knows no model before the one in use: {_choice(served)}")


def _found(served: ServedModels, wanted: str) -> str:
    models = served.models()
    if wanted in models:
        return wanted
    names = [name for name, manifest in models.items() if manifest.version == wanted]
    if len(names) == 1:
        return names[0]
    many = f"{len(names)} models have" if names else "no model has"
    raise InputError(f"{many} the version or the name {wanted!r}: {_choice(served)}")


def _choice(served: ServedModels) -> str:
    names = ", ".join(served.models())
    return f"give --to with one of {names}" if names else f"{served.folder} holds no models"


def _history(arguments: argparse.Namespace) -> None:
    for record in _served(arguments).history():
        print(json.dumps(record, ensure_ascii=False))


def _served(arguments: argparse.Namespace) -> ServedModels:
    folder = arguments.models or Config.from_environment().models
    if folder is None:
        raise InputError("name the folder of served models: --models FOLDER, or TAGGER_MODELS")
    return ServedModels(folder)


def _signed(event: str, reason: str | None) -> dict[str, Any]:
    """What each record begins with: when, who, and why."""
    who = f"uid {os.getuid()}"
    with suppress(KeyError, OSError):  # the user of a container may have no name
        who = getpass.getuser()
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"event": event, "when": now, "who": who, "why": reason}
