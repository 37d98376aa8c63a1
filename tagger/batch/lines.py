"""Lines of a file, plain or gzip, without ever holding more than one."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, cast

__all__ = ["MAX_BYTES", "BrokenOff", "lines", "read_whole"]

MAX_BYTES = 64 * 1024 * 1024
"""The longest line or text that is read."""

_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)


class BrokenOff(Exception):
    """The rest of a compressed file can't be read; its text says why."""


def lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Number, from 1, and bytes of each line, its end included; of a byte order mark, none.

    Of a line longer than MAX_BYTES come the first MAX_BYTES + 1.

    Raises BrokenOff after the last line that can be read, OSError if the disk fails.
    """
    with closing(_opened(path)) as file:
        number = 0
        while True:
            try:
                line = file.readline(MAX_BYTES + 1)
                rest = line
                while len(rest) > MAX_BYTES and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_BYTES + 1)
            except _DAMAGE as error:
                raise BrokenOff(f"the file breaks off here ({error})") from None
            if not line:
                return
            number += 1
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def read_whole(path: str) -> bytes:
    """A whole file; of one that is longer than MAX_BYTES, the first MAX_BYTES + 1."""
    with closing(_opened(path)) as file:
        try:
            return file.read(MAX_BYTES + 1)
        except _DAMAGE as error:
            raise BrokenOff(f"the file breaks off ({error})") from None


def _opened(path: str) -> BinaryIO:
    if path.lower().endswith(".gz"):
        return cast("BinaryIO", gzip.open(path))
    return Path(path).open("rb")
