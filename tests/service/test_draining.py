"""SIGTERM under load: every request that was taken is answered, and the process ends in time."""

import json
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from service import Settings, create_app
from tagger import Tagger

WAIT = 120
CLIENTS = 8
SHORT = {"text": "A wave of wartime ecstasy."}
LONG = {"text": "!?" * 640}  # 20 windows


def ask(connection: HTTPConnection, path: str, body: Any = None) -> HTTPResponse:
    """An answer, read, on a connection that is kept if the service keeps it."""
    if body is None:
        connection.request("GET", path)
    else:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response


def keep(service: Any) -> Any:
    return closing(HTTPConnection("127.0.0.1", service.port, timeout=WAIT))


def stop(service: Any) -> None:
    service.process.send_signal(signal.SIGTERM)


def stopped_well(service: Any) -> bool:
    """Whether it ended by itself: a worker that has not after nine seconds is killed."""
    assert service.process.wait(WAIT) == 0
    log = service.log.read_text("utf-8")
    assert "was sent SIG" not in log  # gunicorn's words for a worker that crashed
    assert "Traceback" not in log
    return "Worker exiting" in log


def test_what_is_under_way_is_answered_and_new_work_refused(gated: Any) -> None:
    service = gated.service
    with ThreadPoolExecutor(1) as elsewhere, keep(service) as taken, keep(service) as kept:
        first = elsewhere.submit(ask, taken, "/v1/tag", SHORT)
        gated.wait()
        assert ask(kept, "/health/ready").status == 200
        stop(service)
        while (ready := ask(kept, "/health/ready")).status == 200:
            pass  # the signal is on its way
        assert (ready.status, ready.headers["Connection"]) == (503, "close")
        status, headers, _ = service.ask("/v1/tag", SHORT)
        assert (status, headers["Connection"], headers["Retry-After"]) == (503, "close", "1")
        assert service.ask("/health/live")[0] == 200
        assert not first.done()
        gated.open()
        last = first.result(WAIT)
        assert (last.status, last.headers["Connection"]) == (200, "close")
    assert stopped_well(service)


def test_no_request_is_lost_under_load(serve: Callable[..., Any]) -> None:
    service = serve("--answer-seconds", "3600")
    loaded = threading.Barrier(CLIENTS + 1)

    def client(number: int) -> list[int]:
        """Ask until the service says that it stops, or is gone."""
        with keep(service) as connection:
            statuses = [ask(connection, "/v1/tag", SHORT).status]
            loaded.wait(WAIT)
            while statuses[-1] == 200:
                if connection.sock is None:  # the service has closed it after the last answer
                    try:
                        connection.connect()
                    except ConnectionRefusedError:
                        break
                statuses.append(ask(connection, "/v1/tag", SHORT if number else LONG).status)
        return statuses

    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = clients.map(client, range(CLIENTS))
        loaded.wait(WAIT)
        stop(service)
        for statuses in answers:
            assert set(statuses[:-1]) <= {200}
            assert statuses[-1] in (200, 503)
    assert stopped_well(service)


def test_an_idle_service_stops_whoever_is_connected(serve: Callable[..., Any]) -> None:
    service = serve()
    with keep(service) as kept, keep(service) as silent:
        assert ask(kept, "/health/live").status == 200
        silent.connect()
        stop(service)
        assert stopped_well(service)


def test_a_draining_application(client: Any, tagger: Tagger) -> None:
    client.application = create_app(Settings(), tagger)
    calls: list[int] = []
    client.application.extensions["engine"].drain(lambda: calls.append(1))
    assert calls == [1]
    for response in (client.get("/health/ready"), client.post("/v1/tag", json=SHORT)):
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "1"
        assert response.json["detail"] == "the service is stopping: try again in a second"
    for path in ("/health/live", "/v1/labels"):
        assert client.get(path).status_code == 200
