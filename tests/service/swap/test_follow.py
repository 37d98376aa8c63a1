"""Another model while the service answers: what follows it, and what is refused."""

import gc
import logging
import shutil
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask

from service import Settings, create_app
from service.engine import Engine, Served
from service.metrics import Metrics
from service.policies import Policies
from service.queue import Limits, WindowQueue
from service.watching import ModelWatcher
from tagger import Manifest, ModelError, Tagger

WAIT = 120
Until = Callable[[Callable[[], Any]], None]

TEXT = "You pathetic traitors! You brainless sheep!"
POLICY = """\
version = "1"
[[rules]]
name = "doubts"
labels = ["doubt"]
action = "review"
"""


@pytest.fixture
def start(models: Any) -> Iterator[Callable[..., APIFlask]]:
    """Makes an application that serves `models`, and waits until it can."""
    started: list[APIFlask] = []

    def make(**settings: Any) -> APIFlask:
        app = create_app(Settings(models=models.folder, watch_seconds=0.02, threads=1, **settings))
        started.append(app)
        app.extensions["engine"].loading.result(WAIT)
        return app

    yield make
    for app in started:
        app.extensions["engine"].draining = True  # ends the watch


def version(app: APIFlask) -> str:
    return str(app.extensions["engine"].tagger.manifest.version)


def test_all_that_speaks_of_the_model_follows_it(
    start: Callable[..., APIFlask], models: Any, until: Until, tmp_path: Path
) -> None:
    app = start(database=f"sqlite:///{tmp_path}/feedback.db")
    client = app.test_client()

    def seen() -> dict[str, Any]:
        document: Any = client.get("/openapi.json").json
        schemas = {x["title"]: x for x in document["components"]["schemas"].values()}
        labels: Any = client.get("/v1/labels").json
        card: Any = client.get("/v1/model").json
        policies: Any = client.get("/v1/policies").json
        found: Any = client.post("/v1/classify", json=marked).json
        feedback = {"model_version": "2", "verdict": "correct", "text": TEXT}
        span = {"start": 0, "end": 6, "label": "suspicion"}
        return {
            "versions": {each["model"]["version"] for each in (labels, card, found)},
            "labels": [label["id"] for label in labels["labels"]],
            "card": card["labels"],
            "tag": schemas["TagRequest"]["properties"]["labels"]["items"]["enum"],
            "feedback": schemas["MarkedSpan"]["properties"]["label"]["enum"],
            "rules": policies["policies"][0]["rules"][0]["labels"],
            "classified": list(found["results"][0]["scores"]),
            "taken": client.post("/v1/feedback", json=feedback | {"spans": [span]}).status_code,
        }

    marked = {"text": TEXT, "fragments": [{"start": 10, "end": 25}]}
    for name in ("first", "second", "first"):
        models.point(name)
        expected = Manifest.read(models / name)
        until(lambda sha=expected.sha256: app.extensions["engine"].tagger.manifest.sha256 == sha)
        known = [label.id for label in expected.labels]
        found = seen()
        assert found.pop("versions") == {expected.version}
        assert found.pop("taken") == (201 if name == "second" else 422)
        assert list(found.values()) == [known] * 6


def shortened(models: Any) -> str:
    return f"{models.shorten('second')} is damaged"


def absent(models: Any) -> str:
    shutil.rmtree(models / "second")
    return f"{models / 'second'} is not a model folder"


def without_a_label(models: Any) -> str:
    manifest = Manifest.read(models / "first")
    replace(manifest, labels=manifest.labels[1:]).write(models / "second")
    return str(models / "second")


def unfit_for_policies(models: Any) -> str:
    return f"{models.folder.parent / 'policies' / 'desk.toml'}, line 4: unknown label 'doubt'"


@pytest.mark.parametrize("harm", [shortened, absent, without_a_label, unfit_for_policies])
def test_a_model_that_can_not_be_used_is_refused(
    harm: Callable[[Any], str],
    start: Callable[..., APIFlask],
    models: Any,
    until: Until,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "desk.toml").write_text(POLICY, encoding="utf-8")
    app = start(policies=tmp_path / "policies")
    client = app.test_client()
    old, before = app.extensions["engine"].served, client.post("/v1/tag", json={"text": TEXT})
    reason = harm(models)
    models.point("second")
    until(lambda: "the new model is refused" in caplog.text)
    (alert,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert reason in alert.message
    assert f"{old.tagger.manifest.version} goes on serving" in alert.message
    assert app.extensions["engine"].served is old
    assert client.get("/health/ready").status_code == 200
    assert client.post("/v1/tag", json={"text": TEXT}).json == before.json
    # It is not tried again and again, and does not stand in the way of the next.
    models.add("third", "3")
    models.point("third")
    until(lambda: version(app) == "3")
    assert caplog.text.count("the new model is refused") == 1


@pytest.mark.parametrize("contents", [None, b"", b"../first", b"\xff"])
def test_a_file_that_names_no_model(
    contents: bytes | None,
    start: Callable[..., APIFlask],
    models: Any,
    until: Until,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = start()
    if contents is None:
        (models / "current").unlink()
    else:
        (models / "next").write_bytes(contents)
        (models / "next").replace(models / "current")
    until(lambda: "the new model is refused" in caplog.text)
    assert str(models / "current") in caplog.text
    assert app.test_client().post("/v1/tag", json={"text": TEXT}).status_code == 200
    models.point("second")
    until(lambda: version(app) == "2")


@pytest.fixture
def served(tagger: Tagger) -> Served:
    return Served(tagger, Policies.read(None, "default", tagger.labels))


def test_the_same_model_is_not_loaded_again(models: Any, served: Served) -> None:
    engine = Engine(WindowQueue(1, Limits(9, 9, 9)), Metrics(), max_windows=9)
    engine.use(served)
    made: list[Served] = []

    def make() -> Served:
        made.append(served)
        return served

    watcher = ModelWatcher(engine, models.folder, make)
    shutil.copytree(models / "first", models / "twin", symlinks=True)
    for name, loads in (("first", 0), ("twin", 0), ("second", 1)):
        models.point(name)
        for _ in range(2):
            watcher.look()
            assert len(made) == loads


def test_the_old_model_leaves_memory(
    start: Callable[..., APIFlask], models: Any, until: Until
) -> None:
    app = start()
    assert app.test_client().post("/v1/tag", json={"text": TEXT}).status_code == 200
    old = weakref.ref(app.extensions["engine"].tagger)
    models.point("second")
    until(lambda: version(app) == "2")
    until(lambda: gc.collect() >= 0 and old() is None)


def test_refusals_are_counted(served: Served) -> None:
    engine = Engine(WindowQueue(1, Limits(9, 9, 9)), Metrics(), max_windows=9)
    engine.use(served)

    def fail(error: Exception) -> Served:
        raise error

    for error in (ModelError("models/x is damaged"), MemoryError()):
        assert not engine.swap(lambda error=error: fail(error))
        assert engine.served is served
    assert engine.swap(lambda: replace(served))
    assert engine.served is not served
    assert b"tagger_model_load_failures_total 2.0" in engine.metrics.page()
