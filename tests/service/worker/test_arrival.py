"""Where a request ends, however its bytes come in."""

import pytest

from service.problems import Problem
from service.worker.arrival import Arrival, Stage

HEAD = b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET / HTTP/1.1\r\n"
MOST = 20

# What comes, the stage it leads to, and what belongs to the next request.
ARRIVALS: list[tuple[bytes, Stage, bytes]] = [
    (b"", Stage.SILENT, b""),
    (b"P", Stage.HEAD, b""),
    (HEAD, Stage.HEAD, b""),
    (HEAD + b"\r\n", Stage.WHOLE, b""),
    (HEAD + b"\r\n" + NEXT, Stage.WHOLE, NEXT),
    (HEAD + b"Content-Length: 0\r\n\r\n", Stage.WHOLE, b""),
    (HEAD + b"Content-Length: 2\r\n\r\n", Stage.BODY, b""),
    (HEAD + b"Content-Length: 2\r\n\r\n{", Stage.BODY, b""),
    (HEAD + b"Content-Length: 2\r\n\r\n{}", Stage.WHOLE, b""),
    (HEAD + b"Content-Length: 2\r\n\r\n{}" + NEXT, Stage.WHOLE, NEXT),
    (HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", Stage.WHOLE, b""),
    (HEAD + b"Content-Length: 20\r\n\r\n" + b"x" * 20, Stage.WHOLE, b""),
    (HEAD + b"Content-Length: 21\r\n\r\n", Stage.CUT, b""),
    (CHUNKED, Stage.BODY, b""),
    (CHUNKED + b"2\r\n{}\r\n0\r\n", Stage.BODY, b""),
    (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", Stage.WHOLE, b""),
    (CHUNKED + b"5\r\n0\r\n\r\n\r\n", Stage.BODY, b""),
    (CHUNKED + b"1\r\n{\r\n1\r\n}\r\n0\r\nTrailer: 1\r\n\r\n" + NEXT, Stage.WHOLE, NEXT),
    (CHUNKED + b"14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n", Stage.WHOLE, b""),
    (CHUNKED + b"a\r\n" + b"x" * 10 + b"\r\nb\r\n" + b"x" * 11, Stage.CUT, b""),
]

# What is no request, and the status of the answer.
REFUSED: list[tuple[bytes, int]] = [
    (b"xyzzy\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n", 400),
    (HEAD + b"Content-Length: -2\r\n\r\n", 400),
    (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
    (HEAD + b"xyzzy\r\n\r\n", 400),
    (HEAD + b"Transfer-Encoding: xyzzy\r\n\r\n", 501),
    (CHUNKED + b"xyzzy\r\n", 400),
    (HEAD + b"X: " + b"x" * 70_000, 431),
    (HEAD + b"X: x\r\n" * 20_000, 431),
]


def feed(arrival: Arrival, sent: bytes, size: int) -> bytes:
    """Feed pieces of `size` bytes; what comes after the end is given back."""
    for position in range(0, len(sent), size):
        if arrival.ended:
            return sent[position:]
        arrival.feed(sent[position : position + size])
    return b""


@pytest.mark.parametrize(("sent", "stage", "rest"), ARRIVALS)
def test_stages(sent: bytes, stage: Stage, rest: bytes) -> None:
    for size in (1, 7, 1_000):
        arrival = Arrival(MOST)
        unread = feed(arrival, sent, size)
        assert arrival.stage is stage
        assert arrival.rest + unread == rest
        assert b"".join(arrival.source()) + arrival.rest + unread == sent


@pytest.mark.parametrize(("sent", "status"), REFUSED, ids=[repr(s[-30:]) for s, _ in REFUSED])
def test_what_is_no_request(sent: bytes, status: int) -> None:
    for size in (97, 65_536):
        with pytest.raises(Problem) as refused:
            feed(Arrival(MOST), sent, size)
        assert refused.value.status == status
        assert "xyzzy" not in refused.value.detail


@pytest.mark.parametrize("size", [1, 41, 1_000])
def test_a_plain_request_however_it_comes(size: int) -> None:
    arrival = Arrival(MOST)
    assert feed(arrival, HEAD + b"Content-Length: 2\r\n\r\n{}", size) == b""
    assert arrival.plain is not None
    assert arrival.plain.body == b"{}"


def test_a_body_that_comes_after_its_plain_head() -> None:
    arrival = Arrival(MOST)
    for sent, stage in ((HEAD + b"Content-Length: 6\r\n\r\n", Stage.BODY), (b"{", Stage.BODY)):
        arrival.feed(sent)
        assert arrival.stage is stage
        assert not arrival.waits_for_continue
    arrival.feed(b"    }" + NEXT)
    assert (arrival.stage, arrival.rest) == (Stage.WHOLE, NEXT)
    assert arrival.plain is None  # there is more than one look tells
    arrival = Arrival(MOST)
    arrival.feed(HEAD + b"Content-Length: 6\r\n\r\n{")
    arrival.cut(408)
    assert arrival.stage is Stage.CUT


def test_a_plain_request_that_is_too_large() -> None:
    arrival = Arrival(MOST)
    arrival.feed(HEAD + b"Content-Length: 21\r\n\r\n" + b"x" * 21)
    assert arrival.stage is Stage.CUT
    assert arrival.plain is None


def test_who_reads_a_cut_body_to_its_end_learns_why() -> None:
    arrival = Arrival(MOST)
    arrival.feed(HEAD + b"Content-Length: 2\r\n\r\n{")
    arrival.cut(408)
    source = arrival.source()
    assert next(source).endswith(b"{")
    with pytest.raises(Problem) as late:
        next(source)
    assert late.value.status == 408


def test_a_head_that_is_cut_can_only_be_refused() -> None:
    arrival = Arrival(MOST)
    arrival.feed(HEAD)
    with pytest.raises(Problem) as late:
        arrival.cut(408)
    assert late.value.status == 408


def test_a_body_of_tiny_chunks_is_cut() -> None:
    arrival = Arrival(1_000_000)
    arrival.feed(CHUNKED)
    chunks = 0
    while not arrival.ended:
        arrival.feed(b"1\r\nx\r\n" * 1_000)
        chunks += 1_000
    assert chunks < 50_000
    with pytest.raises(Problem) as cut:
        b"".join(arrival.source())
    assert cut.value.status == 413


@pytest.mark.parametrize(
    ("version", "body", "waits"), [("1.1", b"", True), ("1.1", b"{", False), ("1.0", b"", False)]
)
def test_a_client_is_told_once_to_continue(version: str, body: bytes, waits: bool) -> None:
    arrival = Arrival(MOST)
    head = f"POST / HTTP/{version}\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    arrival.feed(head.encode() + body)
    assert arrival.waits_for_continue == waits
    assert not arrival.waits_for_continue
    arrival.feed(b"{}"[len(body) :])
    assert arrival.stage is Stage.WHOLE
