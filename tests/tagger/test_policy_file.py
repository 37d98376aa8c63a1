"""Policy files: what is read from them, and which line is at fault in one that is refused."""

from pathlib import Path

import pytest

from tagger import InputError, Policy, Rule

LABELS = ("doubt", "slogans", "loaded_language")
WHOLE = """\
# A policy.
version = "2026.11-b"
description = 'All there is to say.'

[[rules]]
name = "all-of-it"
labels = ["slogans", "doubt"]
score = 0.25
count = 3
per_1000_words = 12.5
action = "block"

[[rules]]
action = "review"
name = "any"
"""


def rule(name: str = "r", **fields: str) -> str:
    lines = [f"{key} = {value}" for key, value in ({"action": '"review"'} | fields).items()]
    return "\n".join(["[[rules]]", f'name = "{name}"', *lines, ""])


def policy(*rules: str) -> str:
    return 'version = "1"\n' + "".join(rules)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.toml"


def test_what_is_written_is_read(path: Path) -> None:
    for text in (WHOLE, WHOLE.replace("\n", "\r\n"), f"\ufeff{WHOLE}"):
        path.write_bytes(text.encode())
        assert Policy.read(path, LABELS) == Policy(
            "desk",
            "2026.11-b",
            "All there is to say.",
            (
                Rule("all-of-it", "block", ("slogans", "doubt"), 0.25, 3, 12.5),
                Rule("any", "review", None, 0.0, 1, 0.0),
            ),
        )


REFUSED: list[tuple[str, int, str]] = [
    # the file
    ("", 1, "version is missing"),
    ('version = "1"', 1, "there are no rules: write at least one [[rules]]"),
    ('version = "1"\nrules = []', 1, "there are no rules"),
    ('version = "1"\nrules = "x"', 2, "write each rule under a [[rules]] of its own"),
    ('version = "1"\nrules = ["x"]', 2, "write each rule under a [[rules]]"),
    ('version = "1"\n\n[rules]\nname = "r"', 3, "write each rule under a [[rules]]"),
    (f"\n\n{rule()}", 1, "version is missing"),
    (f"\nversion = 3\n{rule()}", 2, "version is 3: give a text such as"),
    (f"version = ''\n{rule()}", 1, "version is ''"),
    (f'version = "1\\n2"\n{rule()}', 1, "version is '1\\n2'"),
    (f'version = "1"\ndescription = 1\n{rule()}', 2, "description must be a text"),
    (f'version = "1"\nnmae = "x"\n{rule()}', 2, "unknown key 'nmae': there are version, descr"),
    ('version = "1"\n[[rule]]\nname = "r"', 2, "unknown key 'rule': there are"),
    # not TOML
    ('version = "1"\n\nscore == 2', 3, "not TOML: "),
    ('version = "1"\nversion = "2"', 2, "not TOML: Cannot overwrite a value"),
    ('version = "1"\n[[rules]]\nlabels = [\n"doubt",\n\n', 4, "not TOML: "),
    (f"version = {'[' * 100_000}", 1, "not TOML"),
    (f"version = {'9' * 10_000}", 1, "not TOML that can be read"),
    # a rule
    (policy('[[rules]]\naction = "review"'), 2, "name is missing"),
    (policy('[[rules]]\nname = "r"'), 2, "action is missing"),
    (policy(rule(), '[[rules]]\nname = "s"'), 5, "action is missing"),
    (policy('[[rules]]\naction = "review"\nname = 1'), 4, "the name of a rule has 1 to 64 letters"),
    (policy(rule("a b")), 3, "the name of a rule has 1 to 64 letters"),
    (policy(rule("")), 3, "the name of a rule"),
    (policy(rule(action='"Block"')), 4, "action is 'Block': give review or block"),
    (policy(rule(action='["block"]')), 4, "action is ['block']: give review or block"),
    (policy(rule(action='"allow"')), 4, "action is 'allow', which is decided when no rule holds"),
    (policy(rule(scroe="0.5")), 5, "unknown key 'scroe': there are name, action, labels, score"),
    (policy(rule(), "[rules.more]\nx = 1"), 5, "unknown key 'more'"),
    # a condition
    (policy(rule(score="1.5")), 5, "score is 1.5: give a number from 0 to 1"),
    (policy(rule(score="-0.1")), 5, "score is -0.1"),
    (policy(rule(score="nan")), 5, "score is nan"),
    (policy(rule(score="inf")), 5, "score is inf"),
    (policy(rule(score="true")), 5, "score is True"),
    (policy(rule(score='"0.5"')), 5, "score is '0.5'"),
    (policy(rule(score="2026-11-23")), 5, "score is datetime.date"),
    (policy(rule(count="0")), 5, "count is 0: give a whole number, 1 or more"),
    (policy(rule(count="2.0")), 5, "count is 2.0"),
    (policy(rule(count="true")), 5, "count is True"),
    (policy(rule(per_1000_words="-1")), 5, "per_1000_words is -1: give a number from 0 to 1000"),
    (policy(rule(per_1000_words="1000.1")), 5, "per_1000_words is 1000.1"),
    # labels
    (policy(rule(labels='"doubt"')), 5, "labels must be an array of labels"),
    (policy(rule(labels="[]")), 5, "leave it out for all of them"),
    (policy(rule(labels='["doubt", "dubt"]')), 5, "unknown label 'dubt': this policy may"),
    (policy(rule(labels='[\n"doubt",\n# "x",\n"dubt",\n]')), 8, "unknown label 'dubt'"),
    (policy(rule(labels='[\n"doubt",\n"doubt"]')), 7, "the label doubt is there twice"),
    (policy(rule(labels='[["doubt"]]')), 5, "unknown label ['doubt']"),
    (policy(rule(labels="[1]")), 5, "unknown label 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "reason"), REFUSED)
def test_refused(path: Path, text: str, line: int, reason: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Policy.read(path, LABELS)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: ")
    assert reason in message
    assert len(message.splitlines()) == 1


REVIEW, BLOCK = {"action": '"review"'}, {"action": '"block"'}
PAIRS: list[tuple[dict[str, str], dict[str, str], int | None, str]] = [
    # the same condition
    (REVIEW, BLOCK, 2, "the rule b contradicts a on line 2: the same condition, another action"),
    (BLOCK, REVIEW, 2, "the rule b contradicts a on line 2"),
    (REVIEW, REVIEW, 2, "the rule b can never matter: whenever it holds, so does a on line 2"),
    (REVIEW | {"count": "1", "score": "0"}, BLOCK | {"per_1000_words": "0"}, 2, "contradicts"),
    (
        REVIEW | {"labels": '["doubt", "slogans"]'},
        BLOCK | {"labels": '["slogans", "doubt"]'},
        2,
        "contradicts",
    ),
    (REVIEW, BLOCK | {"labels": '["doubt", "slogans", "loaded_language"]'}, 2, "contradicts"),
    # one holds whenever the other does, and is as strict
    (REVIEW | {"score": "0.5"}, REVIEW | {"score": "0.4"}, 1, "whenever it holds, so does b on"),
    (REVIEW | {"score": "0.4"}, REVIEW | {"score": "0.5"}, 2, "whenever it holds, so does a on"),
    (REVIEW | {"score": "0.5"}, BLOCK | {"score": "0.4"}, 1, "which is as strict"),
    (REVIEW | {"count": "3"}, REVIEW, 1, "the rule a can never matter"),
    (REVIEW, REVIEW | {"per_1000_words": "3"}, 2, "the rule b can never matter"),
    (REVIEW, REVIEW | {"labels": '["doubt"]'}, 2, "the rule b can never matter"),
    (
        REVIEW | {"labels": '["doubt"]', "count": "2"},
        BLOCK | {"labels": '["doubt", "slogans"]'},
        1,
        "the rule a can never matter",
    ),
    # both can matter
    (REVIEW | {"score": "0.4"}, BLOCK | {"score": "0.5"}, None, ""),
    (BLOCK | {"count": "3"}, REVIEW, None, ""),
    (REVIEW | {"labels": '["doubt"]'}, REVIEW | {"labels": '["slogans"]'}, None, ""),
    (
        REVIEW | {"labels": '["doubt", "slogans"]'},
        BLOCK | {"labels": '["slogans", "loaded_language"]'},
        None,
        "",
    ),
    (REVIEW | {"score": "0.4", "count": "2"}, REVIEW | {"score": "0.5"}, None, ""),
    (REVIEW | {"per_1000_words": "9", "count": "2"}, REVIEW | {"count": "3"}, None, ""),
]


@pytest.mark.parametrize(("one", "other", "fault", "reason"), PAIRS)
def test_two_rules(
    path: Path, one: dict[str, str], other: dict[str, str], fault: int | None, reason: str
) -> None:
    first = rule("a", **one)
    path.write_text(policy(first, rule("b", **other)), encoding="utf-8")
    if fault is None:
        assert [rule.name for rule in Policy.read(path, LABELS).rules] == ["a", "b"]
        return
    with pytest.raises(InputError) as caught:
        Policy.read(path, LABELS)
    line = 2 if fault == 1 else 2 + first.count("\n")
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert reason in str(caught.value)


def test_a_name_given_twice(path: Path) -> None:
    path.write_text(
        policy(rule("a"), rule("b", action='"block"', score="0.1"), rule("a")), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"desk\.toml, line 10: the name is taken: a on line 2"):
        Policy.read(path, LABELS)


@pytest.mark.parametrize(
    ("raw", "line"), [(b'version = "\xff"', 1), (b"# \xc3\xa9\r\n\r\n# caf\xe9\n", 3)]
)
def test_not_utf_8(path: Path, raw: bytes, line: int) -> None:
    path.write_bytes(raw)
    with pytest.raises(InputError, match=rf"desk\.toml, line {line}: not UTF-8 text"):
        Policy.read(path, LABELS)


@pytest.mark.parametrize("name", ["a b.toml", ".toml", ".#desk.toml", "é.toml", "x" * 65])
def test_a_file_name_that_is_no_policy_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(WHOLE, encoding="utf-8")
    with pytest.raises(InputError, match="a policy is called as its file: use 1 to 64 letters"):
        Policy.read(path, LABELS)


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path, f"{tmp_path}/a\0b.toml"):
        with pytest.raises(InputError, match="can't read the policy"):
            Policy.read(path, LABELS)
