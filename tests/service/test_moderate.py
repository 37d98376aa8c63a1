"""What /v1/moderate and /v1/policies answer, and the policies that the service refuses."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

import service.app
from service import Settings, create_app
from service.problems import SetupError
from tagger import Document, ModelError, Policy, Span, Tagger

ROOT = Path(__file__).parents[2]
ABUSE = "You are all pathetic traitors and cowards. Disgusting, brainless sheep!"
SOBER = "The library will close for three weeks in April."
POLICY = """\
version = "{version}"
description = "For tests."

[[rules]]
name = "twice"
labels = ["doubt"]
score = 0.5
count = 2
action = "{action}"
"""


class Marking:
    """A tagger that marks every `why` as doubt and every `hey` as a slogan."""

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tagger, name)

    def decode(self, texts: list[str], *_: Any, labels: Any, thresholds: Any) -> list[Document]:
        floor = (thresholds or {}).get("doubt", 0)
        kinds = {"why": "doubt", "hey": "slogans"}
        return [
            Document(
                text,
                tuple(
                    Span(at, at + 3, kinds[text[at : at + 3]], 0.6)
                    for at in range(0, len(text), 4)
                    if text[at : at + 3] in kinds and floor <= 0.6
                ),
            )
            for text in texts
        ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    for name, action in (("desk", "review"), ("strict", "block")):
        text = POLICY.format(version=f"{name}-2", action=action)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text("not a policy", encoding="utf-8")
    return folder


@pytest.fixture
def desk(folder: Path, tagger: Tagger) -> FlaskClient:
    """A service whose default policy wants review for two doubts."""
    settings = Settings(policies=folder, policy="desk")
    return create_app(settings, Marking(tagger)).test_client()  # type: ignore[arg-type]


def moderate(client: FlaskClient, **body: Any) -> Any:
    response = client.post("/v1/moderate", json=body)
    assert response.status_code == 200, response.text
    return response.json


def paragraphs(*texts: str) -> list[dict[str, str]]:
    return [{"text": text} for text in texts]


def test_the_answer_is_that_of_tagging_and_a_decision(client: FlaskClient, tagger: Tagger) -> None:
    body = {
        "id": "post-17",
        "paragraphs": [{"id": "p1", "text": f"💩 {ABUSE}"}, {"id": "p2", "text": SOBER}],
        "offset_unit": "utf16",
        "thresholds": {"default": 0.1},
    }
    answer = moderate(client, **body)
    assert list(answer) == ["id", "model", "offset_unit", "results", "decision"]
    documents = tagger.tag_document([f"💩 {ABUSE}", SOBER], thresholds=body["thresholds"])  # type: ignore[arg-type]
    decisions = Policy.packaged("default").decide(documents)
    assert decisions.whole.action == "review"
    assert answer.pop("decision") == decisions.whole.as_dict()
    assert [result.pop("decision") for result in answer["results"]] == [
        decision.as_dict() for decision in decisions.results
    ]
    assert answer == client.post("/v1/tag", json=body).json


def test_reasons_point_at_spans(desk: FlaskClient) -> None:
    answer = moderate(desk, text="hey why hey why")
    (result,) = answer["results"]
    policy = {"name": "desk", "version": "desk-2"}
    (reason,) = result["decision"]["reasons"]
    assert result["decision"] == {"action": "review", "policy": policy, "reasons": [reason]}
    assert reason == {"rule": "twice", "labels": ["doubt"], "spans": [1, 3]}
    assert [result["spans"][index]["text"] for index in reason["spans"]] == ["why", "why"]
    assert answer["decision"]["reasons"] == [reason | {"result": 0}]


def test_paragraphs_add_up_for_the_whole(desk: FlaskClient) -> None:
    answer = moderate(desk, paragraphs=paragraphs("why", "hey", "hey why"), policy="strict")
    assert [result["decision"]["action"] for result in answer["results"]] == ["allow"] * 3
    assert answer["decision"] == {
        "action": "block",
        "policy": {"name": "strict", "version": "strict-2"},
        "reasons": [
            {"rule": "twice", "labels": ["doubt"], "spans": [0], "result": 0},
            {"rule": "twice", "labels": ["doubt"], "spans": [1], "result": 2},
        ],
    }
    one = moderate(desk, paragraphs=paragraphs("why why", SOBER))
    assert [result["decision"]["action"] for result in one["results"]] == ["review", "allow"]
    assert [reason["result"] for reason in one["decision"]["reasons"]] == [0]


def test_a_policy_decides_on_the_spans_of_the_answer(desk: FlaskClient) -> None:
    answer = moderate(desk, text="why why", thresholds={"doubt": 0.7})
    assert answer["results"][0]["spans"] == []
    assert answer["decision"]["action"] == "allow"


@pytest.mark.parametrize("body", [{"text": ""}, {"paragraphs": []}])
def test_nothing_to_decide_on(client: FlaskClient, body: dict[str, Any]) -> None:
    answer = moderate(client, **body)
    assert (answer["decision"]["action"], answer["decision"]["reasons"]) == ("allow", [])


def test_policies_are_listed(desk: FlaskClient, tagger: Tagger) -> None:
    answer: Any = desk.get("/v1/policies").json
    assert answer["default"] == "desk"
    assert [policy["name"] for policy in answer["policies"]] == ["default", "desk", "strict"]
    packaged, own, _ = answer["policies"]
    assert [rule["action"] for rule in packaged["rules"]] == ["review"] * len(packaged["rules"])
    assert packaged["rules"][0]["labels"] == list(tagger.labels)
    assert own == {
        "name": "desk",
        "version": "desk-2",
        "description": "For tests.",
        "rules": [
            {
                "name": "twice",
                "labels": ["doubt"],
                "score": 0.5,
                "count": 2,
                "per_1000_words": 0,
                "action": "review",
            }
        ],
    }


def test_without_a_folder_there_is_the_packaged_policy(client: FlaskClient) -> None:
    answer: Any = client.get("/v1/policies").json
    assert answer["default"] == "default"
    assert [policy["name"] for policy in answer["policies"]] == Policy.packaged_names()


def test_the_folder_may_replace_the_packaged_policy(folder: Path, tagger: Tagger) -> None:
    (folder / "desk.toml").rename(folder / "default.toml")
    client = create_app(Settings(policies=folder), tagger).test_client()
    assert moderate(client, text="")["decision"]["policy"] == {
        "name": "default",
        "version": "desk-2",
    }


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"text": "xyzzy", "policy": "xyzzy"}, "/policy", "unknown_policy"),
        ({"text": "xyzzy", "policy": ""}, "/policy", "unknown_policy"),
        ({"text": "xyzzy", "policy": None}, "/policy", "null"),
        ({"text": "xyzzy", "policy": 3}, "/policy", "string_type"),
        ({"text": "xyzzy", "policies": "default"}, "/policies", "extra_forbidden"),
        ({"text": "xyzzy", "labels": ["xyzzy"]}, "/labels/0", "unknown_label"),
        ({"policy": "default"}, "", "text_or_paragraphs"),
    ],
)
def test_unfit(
    client: FlaskClient, document: dict[str, Any], body: dict[str, Any], pointer: str, code: str
) -> None:
    response = client.post("/v1/moderate", json=body)
    problem: Any = response.json
    assert response.status_code == 422
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in problem["errors"]]
    assert "xyzzy" not in response.text
    operation = document["paths"]["/v1/moderate"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = schema | {"components": document["components"]}
    assert not Draft202012Validator(schema).is_valid(body)


def test_limits_are_those_of_tagging(client: FlaskClient, settings: Settings) -> None:
    too_many = paragraphs(*[""] * (settings.max_paragraphs + 1))
    assert client.post("/v1/moderate", json={"paragraphs": too_many}).status_code == 413
    assert client.post("/v1/moderate", data=b"x" * 100_001).status_code == 415


def test_tagging_knows_no_policy(client: FlaskClient) -> None:
    assert client.post("/v1/tag", json={"text": "", "policy": "default"}).status_code == 422


BROKEN = POLICY.format(version="1", action="review")


def broken(folder: Path) -> str:
    (folder / "desk.toml").write_text(BROKEN.replace("0.5", "1.5"), encoding="utf-8")
    return f"{folder / 'desk.toml'}, line 7: score is 1.5: give a number from 0 to 1"


def unknown(folder: Path) -> str:
    (folder / "desk.toml").write_text(BROKEN.replace("doubt", "dubt"), encoding="utf-8")
    return f"{folder / 'desk.toml'}, line 6: unknown label 'dubt'"


def nameless(folder: Path) -> str:
    (folder / "desk.toml").unlink()
    return "the policy 'desk' is not among those there are: default, strict"


def empty(folder: Path) -> str:
    for path in folder.glob("*.toml"):
        path.unlink()
    return f"the folder of policies {folder} holds no .toml file"


def absent(folder: Path) -> str:
    folder.rename(folder.parent / "moved")
    return f"can't read the folder of policies {folder}: No such file or directory"


@pytest.mark.parametrize("harm", [broken, unknown, nameless, empty, absent])
def test_policies_that_can_not_be_used(
    harm: Any,
    folder: Path,
    tagger: Tagger,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    reason = harm(folder)
    settings = Settings(policies=folder, policy="desk")
    with pytest.raises(SetupError) as caught:
        create_app(settings, tagger)
    assert reason in str(caught.value)
    # Loaded in the background: no request is answered as if all were well, or told of files.
    monkeypatch.setattr(service.app, "_load", lambda _: tagger)
    app = create_app(settings)
    with pytest.raises(SetupError):
        app.extensions["engine"].loading.result(10)
    assert f"the service can't start: {reason}" in caplog.text
    client = app.test_client()
    for response in (
        client.get("/health/ready"),
        client.get("/v1/policies"),
        client.post("/v1/moderate", json={"text": ""}),
    ):
        assert (response.status_code, response.mimetype) == (503, "application/problem+json")
        assert str(folder) not in response.text


def test_answers_while_the_model_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(settings: Settings) -> Tagger:
        raise ModelError("models/x is damaged")

    monkeypatch.setattr(service.app, "_load", load)
    app = create_app()
    with pytest.raises(ModelError):
        app.extensions["engine"].loading.result(10)
    client = app.test_client()
    assert client.get("/v1/policies").status_code == 503
    assert client.post("/v1/moderate", json={"text": "", "policy": "x"}).status_code == 503


def test_a_policy_that_can_not_be_used_ends_the_command(folder: Path) -> None:
    reason = unknown(folder)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAGGER_")}
    ended = subprocess.run(
        [sys.executable, "-m", "service", "--port", port],
        cwd=ROOT, env=environment | {"TAGGER_POLICIES": str(folder)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    lines = [line for line in ended.stderr.splitlines() if reason in line]
    assert len(lines) == 1
    assert "the service can't start: " in lines[0]
    assert "Traceback" not in ended.stderr
