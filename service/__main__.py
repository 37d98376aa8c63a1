"""The command that serves: `python -m service`, or `tagger-service`."""

import argparse
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from service import key_command, logs
from service.keys import read_keys
from service.settings import Settings, environment_name
from tagger import InputError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; the exit status is 2 if a setting or the model can't be used."""
    parser = _parser()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    is_key_command = arguments[:1] == ["key"]
    given = vars(parser.parse_args([] if is_key_command else arguments))
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        parser.error(f"--{name.replace('_', '-')} or {environment_name(name)}: {fault['msg']}")
    if is_key_command:
        return key_command.main(arguments[1:], settings.keys)
    try:
        if settings.keys is not None:
            read_keys(settings.keys)  # before any process is started
    except InputError as error:
        parser.error(f"--keys or {environment_name('keys')}: {error}")
    logs.configure(settings.log_level)
    from gunicorn.arbiter import Arbiter  # not before --help has answered

    from service.worker import Server

    try:
        Server(settings).run()
    except SystemExit as stop:
        return 2 if stop.code == Arbiter.APP_LOAD_ERROR else int(stop.code or 0)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tagger-service",
        description="Serve the tagger over REST. Every option can be given as an environment "
        "variable instead; the option wins.",
        epilog="`tagger-service key new --help` tells how to make a key.",
    )
    for name, setting in Settings.model_fields.items():
        default = "" if setting.default in (None, ()) else f"; default {setting.default}"
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            metavar=name.upper(),
            help=f"{setting.description} ({environment_name(name)}{default})",
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
