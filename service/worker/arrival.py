"""The bytes of a request as they come in, and whether they are all there."""

from collections.abc import Iterator
from enum import Enum
from functools import cached_property

import h11

from service.problems import Fault, Problem
from service.worker.plain import PlainHead, PlainRequest, plain_head, plain_request

__all__ = ["Arrival", "Stage"]

_LONGEST_HEAD = 65_536
_LONGEST_FRAMING = 65_536  # what chunked coding may add to a body
_REFUSED = "this is not a request that the service can read"
_REASONS = {
    408: ("too_slow", "the request did not arrive in time"),
    413: ("too_many_chunks", "the body comes in more chunks than the service takes"),
}


class Stage(Enum):
    """How far a request has come."""

    SILENT = "nothing has come"
    HEAD = "a part of the head has come"
    BODY = "the head has come, and what of the body is below its limits"
    WHOLE = "all has come"
    CUT = "the head has come, and no more will be read"


class Arrival:
    """One request; `feed` it what the client sends until `stage` is WHOLE or CUT.

    most_bytes  of the body; a larger one is cut, as early as its size is known

    h11 tells where the request ends, unless it begins as a plain one, whose end one look tells. Its
    bytes are kept as they came, for the server's own parser.

    plain  the whole request, if it is a plain one
    """

    def __init__(self, most_bytes: int) -> None:
        self.stage = Stage.SILENT
        self.plain: PlainRequest | None = None
        self.rest = b""  # what came after a whole request: the next one
        self._most = most_bytes
        self._body = 0
        self._raw = bytearray()
        self._head: PlainHead | None = None
        self._end: Problem | None = None

    @cached_property
    def _parser(self) -> h11.Connection:
        return h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)

    @property
    def waits_for_continue(self) -> bool:
        """Whether the client sends no body before it is told to (RFC 9110, 10.1.1); true once."""
        if self._head is not None or self.stage is not Stage.BODY:
            return False
        waits: bool = self._parser.they_are_waiting_for_100_continue
        if waits:
            self._parser.send(h11.InformationalResponse(status_code=100, headers=[]))
        return waits

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to read."""
        return self.stage in (Stage.WHOLE, Stage.CUT)

    def feed(self, data: bytes) -> None:
        """Take what has come. Raises Problem, 400, 431 or 501, if it is not HTTP."""
        self._raw += data
        if self.stage is Stage.SILENT and data:
            head = plain_head(data)
            if head is not None and head.end - head.start <= self._most:
                self._head = head
            self.stage = Stage.HEAD
        if self._head is not None:
            if len(self._raw) <= self._head.end:
                self._take_plain(self._head)
                return
            # More than the request: h11 tells apart what follows.
            self._head, self._body, data = None, 0, bytes(self._raw)
        try:
            self._parser.receive_data(data)
            while not self.ended and (event := self._parser.next_event()) is not h11.NEED_DATA:
                self._take(event)
        except h11.RemoteProtocolError as error:
            raise Problem(error.error_status_hint, _REFUSED) from None
        if not self.ended and len(self._raw) - self._body > _LONGEST_HEAD + _LONGEST_FRAMING:
            self.cut(413)

    def cut(self, status: int | None = None) -> None:
        """Read no more: who reads the body to its end gets a Problem with `status`, if any.

        Raises that Problem, or 400, if not even the head has come.
        """
        if status is not None:
            code, detail = _REASONS[status]
            self._end = Problem(status, detail, [Fault("", code, detail)])
        if self.stage is not Stage.BODY:
            raise self._end or Problem(400, _REFUSED)
        self.stage = Stage.CUT

    def source(self) -> Iterator[bytes]:
        """The request's bytes for gunicorn's parser, which so never reads from the socket."""
        yield bytes(self._raw[: len(self._raw) - len(self.rest)])
        if self._end is not None:
            raise self._end

    def _take_plain(self, head: PlainHead) -> None:
        self.stage = Stage.BODY
        self._body = len(self._raw) - head.start
        if len(self._raw) == head.end:
            self.stage, self.plain = Stage.WHOLE, head.request(bytes(self._raw))

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Request):
            if b"\r\n\r\n" not in self._raw:  # h11 takes bare line feeds, gunicorn does not
                raise Problem(400, _REFUSED)
            self.stage = Stage.BODY
            sizes = [int(value) for name, value in event.headers if name == b"content-length"]
            if sizes and sizes[0] > self._most:
                self.stage = Stage.CUT
        elif isinstance(event, h11.Data):
            self._body += len(event.data)
            if self._body > self._most:
                self.stage = Stage.CUT
        elif isinstance(event, h11.EndOfMessage):
            self.stage = Stage.WHOLE
            self.rest = self._parser.trailing_data[0]
            self.plain = plain_request(bytes(self._raw))
