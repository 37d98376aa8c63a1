"""What Prometheus reads: how much the service does, and how long that takes."""

import time
from collections.abc import Iterable

from flask import Flask, Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from service.queue import Observer, WindowQueue
from service.tracing import method
from tagger import Document, Manifest

__all__ = ["MEDIA_TYPE", "Metrics"]

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Bounds that OpenTelemetry's conventions advise for http.server.request.duration.
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_STEP_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WINDOWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each one, which nobody asked for


class Metrics(Observer):
    """The service's metrics, in a registry of their own, so that apps don't share counts.

    requests            seconds by method, route and status
    spans               spans found, by label
    queue_duration      seconds that a request waited for the run of its first window
    inference_duration  seconds that the run of a window took
    batch_windows       windows that a request brought
    queue_size          requests waiting or under way
    refused             models that could not take the place of the one in use
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Histogram(
            "http_server_request_duration_seconds",
            "Seconds from a request's arrival to its answer",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self.spans = Counter("tagger_spans", "Spans found", ["label"], registry=self.registry)
        self.queue_duration = Histogram(
            "tagger_queue_duration_seconds",
            "Seconds that a request waited for the run of its first window",
            buckets=_STEP_SECONDS,
            registry=self.registry,
        )
        self.inference_duration = Histogram(
            "tagger_inference_duration_seconds",
            "Seconds that the run of a window took",
            buckets=_STEP_SECONDS,
            registry=self.registry,
        )
        self.batch_windows = Histogram(
            "tagger_batch_windows",
            "Windows that a request brought",
            buckets=_WINDOWS,
            registry=self.registry,
        )
        self.queue_size = Gauge(
            "tagger_queue_size", "Requests waiting or under way", registry=self.registry
        )
        self.refused = Counter(
            "tagger_model_load_failures",
            "Models that could not take the place of the one in use",
            registry=self.registry,
        )
        self._model = Gauge(
            "tagger_model_info",
            "The model in use: always 1",
            ["name", "version", "sha256"],
            registry=self.registry,
        )

    def register(self, app: Flask) -> None:
        """Time every request of `app`, from when `tracing` saw it."""
        app.after_request(self._observe)

    def watch(self, queue: WindowQueue) -> None:
        """Show how many requests are in the queue."""
        self.queue_size.set_function(lambda: queue.requests)

    def began(self, windows: int, waited: float) -> None:
        """As `Observer` has it."""
        self.batch_windows.observe(windows)
        self.queue_duration.observe(waited)

    def ran(self, seconds: float) -> None:
        """As `Observer` has it."""
        self.inference_duration.observe(seconds)

    def count(self, documents: Iterable[Document]) -> None:
        """Count the spans that were found."""
        for document in documents:
            for span in document.spans:
                self.spans.labels(span.label).inc()

    def time_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self.requests.labels(method, route, status).observe(seconds)

    def use(self, model: Manifest) -> None:
        """Tell which model is in use."""
        self._model.clear()
        self._model.labels(model.name, model.version, model.sha256).set(1)

    def page(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _observe(self, response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else ""
        self.time_request(method(), route, response.status_code, time.perf_counter() - g.started)
        return response
