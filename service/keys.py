"""Keys: how they are made, kept as hashes in a file, and recognised."""

import logging
import os
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from tagger import InputError

__all__ = ["Key", "Keys", "Scope", "add_key", "read_keys"]

_log = logging.getLogger(__name__)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_HEADER = "# Keys of the service, hashed: a name, its scopes, the key's SHA-256.\n"
_PREFIX = "tagger_"  # tells scanners for leaked secrets what they have found


class Scope(StrEnum):
    """What a key may do. No scope holds another: a key has those that it was given."""

    TAG = "tag"
    FEEDBACK = "feedback"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the file has it: the name that the log shows, and the SHA-256 of the secret.

    A plain hash is enough: a key is 256 random bits, and no one can try so many. Slow, salted
    hashes are for passwords, which people choose, and would cost every request that much time.
    """

    name: str
    scopes: frozenset[Scope]
    digest: bytes


class Keys:
    """The keys of a file, which is read again whenever it changes.

    Raises InputError if the file can't be read, or a line of it does not fit.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _stamp(path)
        self._keys = read_keys(path)
        if not self._keys:
            _log.warning("%s holds no keys: nobody will be served", path)

    def find(self, sent: str) -> Key | None:
        """The key that a client sent, if it is one of the file's."""
        self._refresh()
        digest = sha256(sent.encode()).digest()
        found = None
        for key in self._keys:  # all of them, so that the time taken does not tell which one fits
            if compare_digest(key.digest, digest):
                found = key
        return found

    def _refresh(self) -> None:
        now = _stamp(self._path)
        if now == self._seen:
            return
        self._seen = now
        try:
            self._keys = read_keys(self._path)
        except InputError as error:
            # An editor may be half-way through, and a slip must not lock everyone out.
            _log.error("the keys stay as they were: %s", error)
        else:
            _log.info("%d keys read from %s", len(self._keys), self._path)


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file: one a line, `NAME SCOPE,SCOPE sha256:HEX`; # begins a comment.

    Raises InputError if the file can't be read, or a line of it does not fit.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(
            f"can't read the keys in {path}: {reason}; `tagger-service key new` makes the file"
        ) from None
    keys: dict[str, Key] = {}
    for number, line in enumerate(lines, 1):
        fields = line.partition("#")[0].split()
        if fields:
            key = _key(fields, f"{path}, line {number}")
            if key.name in keys:
                raise InputError(f"{path}, line {number}: there is a key {key.name} already")
            keys[key.name] = key
    return tuple(keys.values())


def add_key(path: Path, name: str, scopes: Collection[str]) -> str:
    """Make a key, append its hash to the file, and return it: it is kept nowhere else.

    Raises InputError for a name or scope that does not fit, or a file that can't be written.
    """
    secret = _PREFIX + secrets.token_urlsafe(32)
    fields = [name, ",".join(scopes), f"sha256:{sha256(secret.encode()).hexdigest()}"]
    added = _key(fields, f"the key {name!r}")
    known = read_keys(path) if path.exists() else ()
    if added.name in {key.name for key in known}:
        raise InputError(
            f"{path} has a key {name} already: choose another name, or delete its line"
        )
    try:
        _append(path, " ".join(fields))
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None
    return secret


def _append(path: Path, line: str) -> None:
    """One write of a whole line, so that a running service never reads half of it."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(file).st_size
        ended = size == 0 or os.pread(file, 1, size - 1) == b"\n"
        text = (_HEADER if size == 0 else "" if ended else "\n") + line + "\n"
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)


def _key(fields: list[str], where: str) -> Key:
    if len(fields) != 3:
        raise InputError(f"{where}: a line is NAME SCOPE,SCOPE sha256:HEX")
    name, scopes, hashed = fields
    if not _NAME.fullmatch(name):
        raise InputError(f"{where}: a name is 1 to 64 of A-Z a-z 0-9 . _ -")
    unknown = [scope for scope in scopes.split(",") if scope not in set(Scope)]
    if unknown:
        raise InputError(f"{where}: no scope is {unknown[0]!r}; there are {', '.join(Scope)}")
    digest = _DIGEST.fullmatch(hashed)
    if not digest:
        raise InputError(f"{where}: the hash is sha256: and 64 digits of 0-9 a-f")
    chosen = frozenset(Scope(scope) for scope in scopes.split(","))
    return Key(name, chosen, bytes.fromhex(digest[1]))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes with the file's content; None if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
