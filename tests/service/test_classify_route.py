"""What /v1/classify answers, and what it refuses."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tagger import Tagger

TEXT = "💩 These spineless puppets have sold our country."
PUPPETS = {"code_point": (8, 25), "utf16": (9, 26), "utf8": (11, 28)}

# Fragments that no schema can refuse: offset unit, fragment, pointer after the first, code.
MISFITS: list[tuple[str, tuple[int, int], str, str]] = [
    ("code_point", (5, 5), "", "empty_fragment"),
    ("code_point", (6, 5), "", "empty_fragment"),
    ("code_point", (0, 50), "/end", "outside_text"),
    ("code_point", (50, 51), "/start", "outside_text"),
    ("code_point", (50, 51), "/end", "outside_text"),
    ("code_point", (10**30, 10**31), "/start", "outside_text"),
    ("utf16", (0, 51), "/end", "outside_text"),
    ("utf16", (1, 5), "/start", "inside_character"),
    ("utf16", (0, 1), "/end", "inside_character"),
    ("utf8", (0, 53), "/end", "outside_text"),
    ("utf8", (1, 5), "/start", "inside_character"),
    ("utf8", (2, 5), "/start", "inside_character"),
    ("utf8", (0, 3), "/end", "inside_character"),
    ("code_point", (1, 2), "", "no_word"),
    ("utf16", (2, 3), "", "no_word"),
]

# Bodies that do not fit the schema: body, pointer, code.
UNFIT: list[tuple[dict[str, Any], str, str]] = [
    ({}, "/text", "missing"),
    ({"text": "a"}, "/fragments", "missing"),
    ({"fragments": []}, "/text", "missing"),
    ({"text": None, "fragments": []}, "/text", "null"),
    ({"text": "a", "fragments": {}}, "/fragments", "list_type"),
    ({"text": "a", "fragments": [[0, 1]]}, "/fragments/0", "model_type"),
    ({"text": "a", "fragments": [{"start": 0}]}, "/fragments/0/end", "missing"),
    ({"text": "a", "fragments": [{"start": -1, "end": 1}]}, "/fragments/0/start",
     "greater_than_equal"),
    ({"text": "a", "fragments": [{"start": 0, "end": 0}]}, "/fragments/0/end",
     "greater_than_equal"),
    ({"text": "a", "fragments": [{"start": "0", "end": 1}]}, "/fragments/0/start", "int_type"),
    ({"text": "a", "fragments": [{"start": 0.5, "end": 1}]}, "/fragments/0/start", "int_type"),
    ({"text": "a", "fragments": [{"start": False, "end": 1}]}, "/fragments/0/start", "int_type"),
    ({"text": "a", "fragments": [{"start": 0, "end": 1, "label": "doubt"}]},
     "/fragments/0/label", "extra_forbidden"),
    ({"text": "a", "fragments": [], "id": "b"}, "/id", "extra_forbidden"),
    ({"text": "a", "fragments": [], "content_type": "text/html"}, "/content_type",
     "extra_forbidden"),
    ({"text": "a", "fragments": [], "offset_unit": "byte"}, "/offset_unit", "literal_error"),
]  # fmt: skip


def classify(client: FlaskClient, **body: Any) -> Any:
    response = client.post("/v1/classify", json=body)
    assert response.status_code == 200, response.text
    return response.json


@pytest.mark.parametrize("unit", [None, *PUPPETS])
def test_fragments_are_answered_in_order(
    client: FlaskClient, tagger: Tagger, unit: str | None
) -> None:
    start, end = PUPPETS[unit or "code_point"]
    fragments = [{"start": end + 11, "end": end + 22}, {"start": start, "end": end}]
    chosen = {"offset_unit": unit} if unit else {}
    answer = classify(client, text=TEXT, fragments=fragments, **chosen)
    assert list(answer) == ["model", "offset_unit", "results"]
    assert answer["offset_unit"] == (unit or "code_point")
    assert answer["model"]["sha256"] == tagger.manifest.sha256
    expected = tagger.classify(TEXT, [(36, 47), (8, 25)])
    assert [result["text"] for result in answer["results"]] == ["our country", "spineless puppets"]
    for result, fragment, found in zip(answer["results"], fragments, expected, strict=True):
        assert list(result) == ["start", "end", "text", "label", "score", "scores"]
        assert {"start": result["start"], "end": result["end"]} == fragment
        assert result["label"] == found.label
        assert result["score"] == result["scores"][found.label] == max(result["scores"].values())
        assert result["scores"] == pytest.approx(found.scores, abs=1e-4)
        assert tuple(result["scores"]) == tagger.labels


def test_a_fragment_given_again_gets_its_next_technique(client: FlaskClient) -> None:
    twice = [{"start": 8, "end": 25}] * 2
    first, second = classify(client, text=TEXT, fragments=twice)["results"]
    assert first["scores"] == second["scores"]
    assert [first["score"], second["score"]] == sorted(first["scores"].values())[:-3:-1]


def test_no_fragments_no_results(client: FlaskClient) -> None:
    assert classify(client, text=TEXT, fragments=[])["results"] == []
    assert classify(client, text="", fragments=[])["results"] == []


@pytest.mark.parametrize(("unit", "fragment", "place", "code"), MISFITS)
def test_fragments_that_do_not_fit_the_text(
    client: FlaskClient, unit: str, fragment: tuple[int, int], place: str, code: str
) -> None:
    fits = dict(zip(("start", "end"), PUPPETS[unit], strict=True))
    sent = [fits, {"start": fragment[0], "end": fragment[1]}]
    response = client.post(
        "/v1/classify", json={"text": TEXT, "fragments": sent, "offset_unit": unit}
    )
    problem: Any = response.json
    assert response.status_code == 422
    faults = [(error["pointer"], error["code"]) for error in problem["errors"]]
    assert (f"/fragments/1{place}", code) in faults
    assert all(pointer.startswith("/fragments/1") for pointer, _ in faults)
    assert "puppets" not in response.text


def test_many_misfits_are_not_all_listed(client: FlaskClient) -> None:
    fragments = [{"start": 90, "end": 80}] * 50
    problem: Any = client.post("/v1/classify", json={"text": TEXT, "fragments": fragments}).json
    assert problem["status"] == 422
    assert len(problem["errors"]) == 20


def test_too_many_fragments(client: FlaskClient) -> None:
    fragments = [{"start": 8, "end": 25}] * 51
    problem: Any = client.post("/v1/classify", json={"text": TEXT, "fragments": fragments}).json
    assert problem["status"] == 413
    [fault] = problem["errors"]
    assert (fault["pointer"], fault["code"]) == ("/fragments", "too_many_fragments")
    assert fault["detail"] == "a request may have 50 fragments at most, this one has 51"
    assert len(classify(client, text=TEXT, fragments=fragments[1:])["results"]) == 50


@pytest.mark.parametrize(("body", "pointer", "code"), UNFIT)
def test_unfit(client: FlaskClient, body: dict[str, Any], pointer: str, code: str) -> None:
    problem: Any = client.post("/v1/classify", json=body).json
    assert problem["status"] == 422
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in problem["errors"]]


def test_the_body_is_read_as_strictly_as_that_of_tag(client: FlaskClient) -> None:
    for data, kind, status in (
        (b'{"text": "a", "text": "b"}', "application/json", 400),
        (b"[" * 99_999, "application/json", 400),
        (b'{"text": "\\ud83d", "fragments": []}', "application/json", 422),
        (b"{}", "text/plain", 415),
        (b" " * 100_001, "application/json", 413),
    ):
        response = client.post("/v1/classify", data=data, content_type=kind)
        assert response.status_code == status
