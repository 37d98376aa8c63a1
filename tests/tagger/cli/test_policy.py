"""`tagger tag --policy`: decisions in the JSON answer and in the terminal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger import Policy, Tagger

Run = Callable[..., str]

SAMPLE = "samples/article.txt"
SOBER = "tests/articles/train-articles/article104.txt"
POLICY = """\
version = "3"

[[rules]]
name = "fear"
labels = ["appeal_to_fear_prejudice"]
count = 2
action = "block"
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def tagged(run: Run, *arguments: str | Path) -> Any:
    return json.loads(run("tag", "--format", "json", *arguments))


def test_json_holds_the_decision_on_each_file(run: Run, policy: Path, tagger: Tagger) -> None:
    found = tagged(run, SAMPLE, SOBER, "--policy", policy)
    texts = [Path(name).read_bytes().decode() for name in (SAMPLE, SOBER)]
    decisions = Policy.read(policy, tagger.labels).decide(tagger.tag(texts), together=False)
    assert decisions.whole.action == "block"
    assert [result["decision"] for result in found["results"]] == [
        decision.as_dict() for decision in decisions.results
    ]
    assert found["decision"] == decisions.whole.as_dict()
    (reason,) = found["results"][0]["decision"]["reasons"]
    spans = found["results"][0]["spans"]
    names = [n for n, span in enumerate(spans) if span["label"] == "appeal_to_fear_prejudice"]
    assert reason == {"rule": "fear", "labels": ["appeal_to_fear_prejudice"], "spans": names}
    del found["decision"]
    for result in found["results"]:
        del result["decision"]
    assert found == tagged(run, SAMPLE, SOBER)


def test_files_do_not_add_up(run: Run, policy: Path) -> None:
    raw = policy.read_text(encoding="utf-8")
    [result] = tagged(run, SAMPLE, "--policy", policy)["results"]
    names = len(result["decision"]["reasons"][0]["spans"])
    policy.write_text(raw.replace("count = 2", f"count = {names + 1}"), encoding="utf-8")
    found = tagged(run, SAMPLE, SAMPLE, "--policy", policy)
    assert [result["decision"]["action"] for result in found["results"]] == ["allow", "allow"]
    assert found["decision"]["action"] == "allow"


def test_json_is_the_answer_of_the_service(run: Run, policy: Path, tagger: Tagger) -> None:
    service = pytest.importorskip("service", reason="the extra `service` is not installed")
    client = service.create_app(service.Settings(policies=policy.parent), tagger).test_client()
    text = Path(SAMPLE).read_bytes().decode()
    for name, chosen in (("desk", policy), ("default", "default")):
        body = client.post("/v1/moderate", json={"text": text, "policy": name}).get_json()
        found = tagged(run, SAMPLE, "--policy", chosen)
        found["results"][0]["id"] = body["results"][0]["id"] = None
        assert found == body


@pytest.mark.parametrize(
    "options",
    [["--labels", "doubt,loaded_language"], ["--threshold", "appeal_to_fear_prejudice=1"]],
)
def test_a_policy_decides_on_the_spans_shown(run: Run, policy: Path, options: list[str]) -> None:
    found = tagged(run, SAMPLE, "--policy", policy, *options)
    assert {span["label"] for span in found["results"][0]["spans"]} >= {"loaded_language"}
    assert found["decision"]["action"] == "allow"


def test_text_ends_with_the_decision(run: Run, policy: Path) -> None:
    (result,) = tagged(run, SAMPLE, "--policy", policy)["results"]
    count = len(result["decision"]["reasons"][0]["spans"])
    plain = run("tag", SAMPLE)
    assert run("tag", SAMPLE, "--policy", policy) == (
        f"{plain}decision: block (policy desk, version 3): "
        f"fear, {count} spans (appeal_to_fear_prejudice)\n"
    )
    out = run("tag", SAMPLE, SOBER, "--policy", policy)
    decisions = [line for line in out.splitlines() if line.startswith("decision: ")]
    assert [line.split()[1] for line in decisions] == ["block", "allow"]
    assert decisions[1] == "decision: allow (policy desk, version 3): no rule holds"


def test_several_reasons_stand_in_one_line(run: Run, policy: Path) -> None:
    more = '\n[[rules]]\nname = "marks"\ncount = 4\naction = "block"\n'
    policy.write_text(POLICY + more, encoding="utf-8")
    (result,) = tagged(run, SAMPLE)["results"]
    line = run("tag", SAMPLE, "--policy", policy).splitlines()[-1]
    assert line.startswith("decision: block (policy desk, version 3): fear, ")
    marks = f"marks, {len(result['spans'])} spans ({', '.join(result['labels'])})"
    assert line.endswith(f" spans (appeal_to_fear_prejudice); {marks}")


def test_a_policy_of_the_package_goes_by_its_name(run: Run) -> None:
    assert "\ndecision: review (policy default, version " in run(
        "tag", SAMPLE, "--policy", "default"
    )


@pytest.mark.parametrize(
    ("wrong", "line", "reason"),
    [
        ("score = 1.5", 6, "score is 1.5: give a number from 0 to 1"),
        ('labels = ["doubts"]', 6, "unknown label 'doubts'"),
        ('colour = "red"', 6, "unknown key 'colour'"),
        ("count = = 2", 6, "not TOML"),
    ],
)
def test_a_policy_that_is_refused(
    error: Run, policy: Path, wrong: str, line: int, reason: str
) -> None:
    lines = POLICY.replace("count = 2\n", "").splitlines()
    lines[4] = wrong
    policy.write_text("\n".join([*lines[:4], "# here:", wrong, lines[5]]), encoding="utf-8")
    assert f"{policy}, line {line}: {reason}" in error("tag", SAMPLE, "--policy", policy)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--policy", "absent"], "--policy absent: give a file, or a policy of the package: def"),
        (["--policy", "samples"], "can't read the policy samples: Is a directory"),
        (["--policy", "default", "--format", "html"], "--format html has no place for the decis"),
        (["--policy", "default", "--format", "ptc"], "--format ptc has no place for the decis"),
    ],
)
def test_options_that_do_not_fit(error: Run, options: list[str], message: str) -> None:
    assert message in error("tag", SAMPLE, *options)
