"""The application factory."""

from functools import partial, wraps
from typing import Any

from apiflask import APIFlask
from flask import Request
from werkzeug.routing import MapAdapter

from service import access, cors, draining, headers, problems, rate_limits, tracing
from service.body import JSONRequest
from service.engine import Engine, Served
from service.feedback import FeedbackStore
from service.keys import Keys
from service.metrics import Metrics
from service.openapi import specification
from service.openapi_guards import guards
from service.policies import Policies
from service.queue import Limits, WindowQueue
from service.routes import (
    classify,
    docs,
    feedback,
    health,
    labels,
    metrics,
    model,
    moderate,
    page,
    tag,
)
from service.settings import Settings
from service.watching import ModelWatcher
from tagger import Tagger, available_cores, default_model

__all__ = ["create_app"]

_DESCRIPTION = (
    "Finds persuasion techniques in news text. Everything stays on the machine it runs on."
)


def create_app(settings: Settings | None = None, tagger: Tagger | None = None) -> APIFlask:
    """The WSGI application.

    settings  by default read from the environment
    tagger    by default loaded in the background: /health/ready tells when it is there. Its
              `Engine` is `app.extensions["engine"]`

    The store of feedback is `app.extensions["feedback"]`; a database that the settings name is
    opened in the background, the default one with the first feedback.

    Call it in the process that serves, after any fork.
    Raises pydantic's ValidationError for a setting in the environment that does not fit, and
    InputError for a file of keys that can't be read, SetupError for a policy that does not fit
    `tagger`.
    """
    settings = settings or Settings()
    engine = _engine(settings)
    # No page of documentation of APIFlask's: it loads its scripts from other hosts.
    app = _App(
        "service",
        title="Tagger",
        version="1",
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]  # Flask takes it: no route for files
    )
    app.request_class = JSONRequest
    app.description = _DESCRIPTION
    app.license = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_bytes,
        AUTO_SERVERS=False,  # it trusts the Host header of whoever asks first
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        SPEC_DECORATORS=[partial(_of_the_model, app, engine)],
    )
    app.json.sort_keys = app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False  # a path with too many slashes is no path: 404
    store = FeedbackStore(settings.database)
    app.extensions.update(engine=engine, feedback=store)
    access.needs(access.Keyless.PAGE)(app.view_functions["openapi.spec"])  # APIFlask's own
    problems.register(app)
    _surround(app, engine, settings)
    guarded = guards(app, settings)
    complete = specification(lambda: engine.served, settings.feedback_labels)
    app.spec_processor(lambda document: complete(guarded(document)))
    for routes in (
        health.blueprint(engine),
        labels.blueprint(engine),
        model.blueprint(engine, settings),
        tag.blueprint(engine, settings),
        moderate.blueprint(engine, settings),
        classify.blueprint(engine, settings),
        feedback.blueprint(engine, store, settings),
        metrics.blueprint(engine),
        docs.blueprint(),
        page.blueprint(),
    ):
        app.register_blueprint(routes)
    if settings.database is not None:
        store.open_soon()
    if tagger is not None:
        engine.use(_with_policies(settings, tagger))
        return app
    make = partial(_load_all, settings)
    if settings.models is not None:
        # Before the first model is loaded, lest a change meanwhile be missed.
        ModelWatcher(engine, settings.models, make).start(settings.watch_seconds)
    engine.load(make)
    return app


class _App(APIFlask):
    """An application without hosts of its own and without coroutines: neither is looked for."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """The routes, which are the same whatever host is asked for."""
        if request is None:
            return super().create_url_adapter(None)
        method, query = request.method, request.environ.get("QUERY_STRING", "")
        return self.url_map.bind(
            "", path_info=request.path, default_method=method, query_args=query
        )

    def ensure_sync(self, func: Any) -> Any:
        """The function as it is."""
        return func


def _surround(app: APIFlask, engine: Engine, settings: Settings) -> None:
    """What happens before and after every request: in this order before, the other way after."""
    tracing.register(app)
    engine.metrics.register(app)
    headers.register(app)
    cors.register(app, settings.cors_origins)
    access.register(app, Keys(settings.keys) if settings.keys is not None else None)
    rate_limits.register(app, settings.rate_limit)
    draining.register(app, engine)


def _load_all(settings: Settings) -> Served:
    return _with_policies(settings, _load(settings))


def _with_policies(settings: Settings, tagger: Tagger) -> Served:
    return Served(tagger, Policies.read(settings.policies, settings.policy, tagger.labels))


def _load(settings: Settings) -> Tagger:
    folder = default_model(settings.models)
    return Tagger.load(folder, threads=1)  # the queue's threads are those that count


def _engine(settings: Settings) -> Engine:
    limits = Limits(settings.queue_requests, settings.queue_windows, settings.answer_seconds)
    counts = Metrics()
    queue = WindowQueue(settings.threads or available_cores(), limits, observer=counts)
    counts.watch(queue)
    return Engine(queue, counts, max_windows=settings.max_windows)


def _of_the_model(app: APIFlask, engine: Engine, view: Any) -> Any:
    """The document names the model's labels and is kept once made: it waits for the model, and is
    made anew for another."""
    made_for: str | None = None

    @wraps(view)
    def of_the_model(*args: Any, **kwargs: Any) -> Any:
        nonlocal made_for
        model = engine.tagger.manifest.sha256
        if made_for != model:
            _ = app.spec  # makes it, and keeps it
            made_for = model
        return view(*args, **kwargs)

    return of_the_model
