"""`tagger-service key new`: make a key."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from service.keys import Scope, add_key
from tagger import InputError

__all__ = ["main"]


def main(arguments: Sequence[str], file: Path | None) -> int:
    """Run `key` with its arguments; `file` is the settings' file of keys, if they name one."""
    parser = argparse.ArgumentParser(prog="tagger-service key", description="Manage keys.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    new = commands.add_parser(
        "new",
        help="make a key",
        description="Make a key, print it on standard output, and append its hash to the file of "
        "keys. It can't be shown again. To withdraw a key, delete its line from the file.",
    )
    new.add_argument("--name", required=True, help="what the log calls the key, such as cms")
    new.add_argument("--scopes", required=True, help=f"what it may do: some of {','.join(Scope)}")
    new.add_argument(
        "--keys",
        type=Path,
        default=file,
        required=file is None,
        help="the file of keys; made if it is not there (TAGGER_KEYS)",
    )
    chosen = parser.parse_args(arguments)
    scopes = [scope.strip() for scope in chosen.scopes.split(",")]
    try:
        secret = add_key(chosen.keys, chosen.name, scopes)
    except InputError as error:
        new.error(str(error))
    print(secret)
    print(f"{chosen.name} ({', '.join(scopes)}) is in {chosen.keys}", file=sys.stderr)
    return 0
