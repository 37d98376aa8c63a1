"""The command that serves: `python -m service`, or `tagger-service`."""

import argparse
import logging
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from service.settings import Settings, environment_name

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; the exit status is 2 if a setting or the model can't be used."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        parser.error(f"--{name.replace('_', '-')} or {environment_name(name)}: {fault['msg']}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    from gunicorn.arbiter import Arbiter  # not before --help has answered

    from service.server import Server

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
