"""Reading a JSON body strictly: what is ambiguous or malformed is refused, not guessed at."""

import json
import re
from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from service.problems import Fault, Problem, pointer

__all__ = ["DEEPEST", "JSONRequest", "read_json"]

DEEPEST = 32
"""Most levels of nested arrays and objects."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class JSONRequest(Request):
    """A request whose JSON is read by `read_json`, and only where it says that it is JSON."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The object in the body; the arguments are Flask's and change nothing.

        Raises Problem with 400, 413, 415 or 422.
        """
        encoding = self.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise _refusal(415, "content_encoding", "send the body uncompressed: no encoding known")
        charset = self.mimetype_params.get("charset", "utf-8").lower()
        if self.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
            raise _refusal(415, "content_type", "send JSON in UTF-8 as application/json")
        return read_json(self._read())

    def _read(self) -> bytes:
        most = self.max_content_length
        too_much = _refusal(413, "too_many_bytes", f"a request may have {most} bytes at most")
        if most is not None:
            # A chunked body that is too long is cut off at the limit without a word, so the limit
            # is set a byte higher, and a body that reaches it is too long.
            self.max_content_length = most + 1
        try:
            raw = self.get_data(cache=False)
        except RequestEntityTooLarge:
            raise too_much from None
        except Problem:  # the server's own: the body came too slowly, or in too many chunks
            raise
        except Exception:  # each server has its own errors for a broken chunk or a lost client
            raise _refusal(400, "incomplete_body", "the body did not arrive whole") from None
        if most is not None and len(raw) > most:
            raise too_much
        return raw


def read_json(raw: bytes) -> dict[str, Any]:
    """The JSON object that `raw` holds.

    Raises Problem: 400 if it is not UTF-8, not JSON, nested too deep, or holds a key twice or a
    number that JSON has not; 422 if it is no object, or holds a lone surrogate.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_not_a_number
        )
    except UnicodeDecodeError as error:
        raise _refusal(400, "not_utf8", f"byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _refusal(400, "not_json", f"the body is not JSON: {error.msg}, {where}") from None
    except ValueError:  # Python's guard against numbers of thousands of digits
        raise _refusal(400, "not_json", "the body holds a number that is too long") from None
    _check(value)
    if not isinstance(value, dict):
        raise _refusal(
            422, "object_type", 'the body must be a JSON object, such as {"text": "..."}'
        )
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _refusal(400, "duplicate_key", "an object of the body holds the same key twice")
    return members


def _not_a_number(_: str) -> None:
    raise _refusal(400, "not_json", "the body holds NaN or Infinity, which JSON has not")


def _check(value: Any) -> None:
    """Refuse deep nesting and lone surrogates; in a loop, as recursion has a limit of its own."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(value, ())]
    while waiting:
        node, path = waiting.pop()
        if isinstance(node, str):
            _check_text(node, path)
        elif isinstance(node, dict | list):
            if len(path) == DEEPEST:
                raise _too_deep()
            if isinstance(node, dict):
                for key in node:
                    _check_text(key, path)
            members = node.items() if isinstance(node, dict) else enumerate(node)
            waiting += [(member, (*path, key)) for key, member in members]


def _check_text(text: str, path: tuple[str | int, ...]) -> None:
    if not text.isascii() and (found := _SURROGATE.search(text)):
        reason = f"character {found.start()} is a lone surrogate, which UTF-8 can't carry"
        raise _refusal(422, "lone_surrogate", reason, pointer(path))


def _too_deep() -> Problem:
    return _refusal(400, "too_deep", f"the body is nested deeper than {DEEPEST} levels")


def _refusal(status: int, code: str, detail: str, where: str = "") -> Problem:
    return Problem(status, detail, [Fault(where, code, detail)])
