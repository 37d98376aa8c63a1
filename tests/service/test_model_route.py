"""What /v1/model says of the model and of the service's limits."""

from typing import Any

from flask.testing import FlaskClient

from service import Settings
from tagger import Tagger


def test_what_the_manifest_shows(client: FlaskClient, tagger: Tagger) -> None:
    answer: Any = client.get("/v1/model").json
    manifest = tagger.manifest
    assert answer["model"] == {
        "name": manifest.name,
        "version": manifest.version,
        "sha256": manifest.sha256,
    }
    assert answer["labels"] == list(tagger.labels)
    assert answer["window_tokens"] == manifest.window["tokens"]
    for name in ("format", "trained_on", "figures", "libraries"):
        assert answer[name] == getattr(manifest, name)
    assert 0 < answer["figures"]["flc"]["f1"] < 1


def test_the_limits_are_those_that_are_kept(client: FlaskClient, settings: Settings) -> None:
    answer: Any = client.get("/v1/model").json
    limits = answer["limits"]
    assert limits == settings.limits
    assert limits["max_bytes"] == 100_000
    most = limits["max_paragraphs"]
    for count, status in ((most, 200), (most + 1, 413)):
        response = client.post("/v1/tag", json={"paragraphs": [{"text": ""}] * count})
        assert response.status_code == status
    for size, status in ((limits["max_bytes"], 200), (limits["max_bytes"] + 1, 413)):
        data = b'{"text": ""}'.ljust(size)
        response = client.post("/v1/tag", data=data, content_type="application/json")
        assert response.status_code == status


def test_every_limit_is_a_setting() -> None:
    names = {name for name in Settings.model_fields if name.startswith(("max_", "queue_"))}
    assert set(Settings().limits) == names >= {"max_bytes", "max_paragraphs"}
