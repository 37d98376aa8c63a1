"""Policy files: TOML that is checked whole before any rule of it is used.

version = "3"
description = "What it is for"       # optional

[[rules]]
name = "dense-name-calling"
labels = ["name_calling_labeling"]   # all labels if left out
score = 0.3                          # 0 if left out
count = 2                            # 1 if left out
per_1000_words = 10                  # 0 if left out
action = "review"                    # or "block"
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from tagger.errors import InputError
from tagger.rules import ACTIONS, Rule
from tagger.toml_lines import line_of

__all__ = ["PolicyFile"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_NAME_FORM = "1 to 64 letters, digits, dots, hyphens and underscores, a letter or digit first"
_SYNTAX_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class PolicyFile:
    """What a policy file says; its name is that of the file, without `.toml`."""

    name: str
    version: str
    description: str
    rules: tuple[Rule, ...]

    @classmethod
    def read(cls, path: Path, known_labels: Sequence[str]) -> "PolicyFile":
        """Read and check a policy file.

        Raises InputError, which names the file and the line at fault, if it can't be read, is not
        TOML, lacks a field or has one it should not, has a value that does not fit or a label
        that is not among `known_labels`, names two rules alike, or has a rule that contradicts
        another or can never matter beside it.
        """
        return _Reader(path, known_labels).read()


class _Reader:
    """One file under check; a path of keys and places says what is at fault in it."""

    def __init__(self, path: Path, known_labels: Sequence[str]) -> None:
        self._path = path
        self._known = known_labels
        self._text = ""

    def read(self) -> PolicyFile:
        name = self._path.name.removesuffix(".toml")
        body = self._parse()
        if not _NAME.fullmatch(name):
            raise InputError(f"{self._path}: a policy is called as its file: use {_NAME_FORM}")
        self._check_fields((), body, needed=("version",), optional=("description", "rules"))
        version, description = body["version"], body.get("description", "")
        if not isinstance(version, str) or not _NAME.fullmatch(version):
            reason = f'version is {version!r}: give a text such as "1" or "2026-11" ({_NAME_FORM})'
            raise self._refusal(("version",), reason)
        if not isinstance(description, str):
            raise self._refusal(("description",), "description must be a text")
        tables = body.get("rules", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._refusal(("rules",), "write each rule under a [[rules]] of its own")
        if not tables:
            raise self._refusal((), "there are no rules: write at least one [[rules]]")
        rules = tuple(self._rule(number, table) for number, table in enumerate(tables))
        for pair in combinations(range(len(rules)), 2):
            self._check_pair(rules, *pair)
        return PolicyFile(name, version, description, rules)

    def _parse(self) -> dict[str, Any]:
        try:
            raw = self._path.read_bytes()
        except (OSError, ValueError) as error:  # a ValueError for a NUL in the path
            reason = getattr(error, "strerror", None) or "there is no such file"
            raise InputError(f"can't read the policy {self._path}: {reason}") from None
        try:
            self._text = raw.decode("utf-8-sig")
            return tomllib.loads(self._text)
        except UnicodeDecodeError as error:
            line, reason = raw[: error.start].count(b"\n") + 1, "not UTF-8 text"
        except tomllib.TOMLDecodeError as error:
            found = _SYNTAX_LINE.search(str(error))
            line = int((found and found[1]) or self._text.rstrip().count("\n") + 1)
            reason = f"not TOML: {_SYNTAX_LINE.sub('', str(error))}"
        except (RecursionError, ValueError):  # nested too deep; a number of thousands of digits
            line, reason = 1, "not TOML that can be read"
        raise InputError(f"{self._path}, line {line}: {reason}")

    def _rule(self, number: int, table: dict[str, Any]) -> Rule:
        at = ("rules", number)
        optional = ("labels", "score", "count", "per_1000_words")
        self._check_fields(at, table, needed=("name", "action"), optional=optional)
        name, action, count = table["name"], table["action"], table.get("count", 1)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise self._refusal((*at, "name"), f"the name of a rule has {_NAME_FORM}")
        if action == "allow":
            reason = "action is 'allow', which is decided when no rule holds: give review or block"
            raise self._refusal((*at, "action"), reason)
        if action not in ACTIONS:
            raise self._refusal((*at, "action"), f"action is {action!r}: give review or block")
        if type(count) is not int or count < 1:
            reason = f"count is {count!r}: give a whole number, 1 or more"
            raise self._refusal((*at, "count"), reason)
        return Rule(
            name=name,
            action=action,
            labels=self._labels(at, table) if "labels" in table else None,
            score=self._number(at, table, "score", most=1),
            count=count,
            per_1000_words=self._number(at, table, "per_1000_words", most=1000),
        )

    def _labels(self, at: tuple[str | int, ...], table: dict[str, Any]) -> tuple[str, ...]:
        labels, where = table["labels"], (*at, "labels")
        if not isinstance(labels, list) or not labels:
            reason = "labels must be an array of labels; leave it out for all of them"
            raise self._refusal(where, reason)
        for place, label in enumerate(labels):
            if label not in self._known:
                names = ", ".join(self._known) or "no label, as it must suit any model"
                reason = f"unknown label {label!r}: this policy may name {names}"
                raise self._refusal((*where, place), reason)
            if label in labels[:place]:
                raise self._refusal((*where, place), f"the label {label} is there twice")
        return tuple(labels)

    def _number(
        self, at: tuple[str | int, ...], table: dict[str, Any], field: str, *, most: int
    ) -> float:
        value = table.get(field, 0.0)
        if type(value) not in (int, float) or not 0 <= value <= most:  # which NaN is not
            reason = f"{field} is {value!r}: give a number from 0 to {most}"
            raise self._refusal((*at, field), reason)
        return float(value)

    def _check_fields(
        self,
        at: tuple[str | int, ...],
        table: dict[str, Any],
        *,
        needed: Sequence[str],
        optional: Sequence[str],
    ) -> None:
        for field in table:
            if field not in (*needed, *optional):
                names = ", ".join((*needed, *optional))
                raise self._refusal((*at, field), f"unknown key {field!r}: there are {names}")
        for field in needed:
            if field not in table:
                raise self._refusal(at, f"{field} is missing")

    def _check_pair(self, rules: Sequence[Rule], first: int, second: int) -> None:
        """Refuse two rules of which one can never change a decision, whatever the text."""
        one, other = rules[first], rules[second]
        if one.name == other.name:
            there = self._rule_at(first, one)
            raise self._refusal(("rules", second, "name"), f"the name is taken: {there}")
        covers = one.covers(other, self._known)
        covered = other.covers(one, self._known)
        stricter = ACTIONS.index(one.action) - ACTIONS.index(other.action)
        if covers and covered and stricter:
            reason = f"contradicts {self._rule_at(first, one)}: the same condition, another action"
            raise self._refusal(("rules", second), f"the rule {other.name} {reason}")
        never = "can never matter: whenever it holds, so does {}, which is as strict"
        if covers and stricter >= 0:
            reason = never.format(self._rule_at(first, one))
            raise self._refusal(("rules", second), f"the rule {other.name} {reason}")
        if covered and stricter <= 0:
            reason = never.format(self._rule_at(second, other))
            raise self._refusal(("rules", first), f"the rule {one.name} {reason}")

    def _rule_at(self, number: int, rule: Rule) -> str:
        return f"{rule.name} on line {line_of(self._text, ('rules', number))}"

    def _refusal(self, at: tuple[str | int, ...], reason: str) -> InputError:
        return InputError(f"{self._path}, line {line_of(self._text, at)}: {reason}")
