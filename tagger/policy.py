"""Moderation policies: from the spans of a document to a decision with its reasons.

A policy decides on the spans it is given. What labels and thresholds have left out of an answer
plays no part in its decision, so that each reason points at spans that a reader can see.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tagger.errors import InputError
from tagger.policy_file import PolicyFile
from tagger.rules import ACTIONS, Action, Rule
from tagger.spans import Document

__all__ = ["Decision", "Decisions", "Policy", "Reason"]

_PACKAGED = Path(__file__).parent / "policies"


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that holds, and the spans that make it hold.

    labels  the labels of these spans, sorted
    spans   their places, from 0, among the spans of a result: by start, the longer first, label
    result  whose spans they are, from 0; None in the decision on that result alone
    """

    rule: str
    labels: tuple[str, ...]
    spans: tuple[int, ...]
    result: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy decides: the strictest action of the rules that hold, `allow` if none does.

    reasons  the rules that hold and ask for this action, in the policy's order
    """

    action: Action
    policy: str
    version: str
    reasons: tuple[Reason, ...]

    def as_dict(self) -> dict[str, Any]:
        """The decision as the answers of the service show it, ready for JSON."""
        reasons: list[dict[str, Any]] = []
        for reason in self.reasons:
            shown = asdict(reason) | {"labels": list(reason.labels), "spans": list(reason.spans)}
            if reason.result is None:
                del shown["result"]
            reasons.append(shown)
        policy = {"name": self.policy, "version": self.version}
        return {"action": self.action, "policy": policy, "reasons": reasons}


@dataclass(frozen=True, slots=True)
class Decisions:
    """A decision on each of several texts by itself, in order, and one on the whole of them."""

    results: tuple[Decision, ...]
    whole: Decision


@dataclass(frozen=True)
class Policy:
    """Rules that turn spans into a decision. Make one with `Policy.read` or `Policy.packaged`.

    version  changed by whoever changes the rules; it comes with every decision
    """

    name: str
    version: str
    description: str
    rules: tuple[Rule, ...]

    @classmethod
    def read(cls, path: str | Path, known_labels: Sequence[str]) -> "Policy":
        """The policy in a TOML file, named as the file; tagger/policy_file.py has its format.

        known_labels  ids of the labels that a rule may name: `Tagger.labels`

        Raises InputError, which names the file and the line at fault, for a file that is not a
        policy or has a rule that can't be used.
        """
        file = PolicyFile.read(Path(path), known_labels)
        return cls(file.name, file.version, file.description, file.rules)

    @classmethod
    def packaged(cls, name: str) -> "Policy":
        """A policy that comes with the package; it names no labels and so suits every model.

        Raises InputError if there is none of this name.
        """
        if name not in cls.packaged_names():
            names = ", ".join(cls.packaged_names())
            raise InputError(f"no policy called {name!r} comes with the package: there is {names}")
        return cls.read(_PACKAGED / f"{name}.toml", ())

    @classmethod
    def packaged_names(cls) -> list[str]:
        """Names of the policies that come with the package."""
        return sorted(path.stem for path in _PACKAGED.glob("*.toml"))

    def decide(self, documents: Sequence[Document], *, together: bool = True) -> Decisions:
        """Decide on texts and their spans: on each by itself, and on the whole.

        together  whether the texts are the paragraphs of one document. A rule then holds for the
                  whole if it holds for a paragraph or for all of them as one text, their spans
                  and words added up; otherwise only if it holds for one of the texts

        So the whole is never decided more leniently than a part. A reason of the whole says whose
        spans it points at; a rule that several texts make hold has a reason for each of them.
        """
        spans = [
            sorted(document.spans, key=lambda span: (span.start, -span.end, span.label))
            for document in documents
        ]
        words = [len(document.text.split()) for document in documents]
        parts: list[list[tuple[Action, Reason]]] = [[] for _ in documents]
        whole: list[tuple[Action, Reason]] = []
        for rule in self.rules:
            counting = [rule.counting(own) for own in spans]
            added = together and rule.holds(sum(map(len, counting)), sum(words))
            for number, counted in enumerate(counting):
                labels = tuple(sorted({spans[number][index].label for index in counted}))
                reason = Reason(rule.name, labels, counted)
                alone = rule.holds(len(counted), words[number])
                if alone:
                    parts[number].append((rule.action, reason))
                if counted and (alone or added):
                    whole.append((rule.action, replace(reason, result=number)))
        return Decisions(tuple(self._decision(held) for held in parts), self._decision(whole))

    def _decision(self, held: Sequence[tuple[Action, Reason]]) -> Decision:
        action = max((action for action, _ in held), key=ACTIONS.index, default=ACTIONS[0])
        reasons = tuple(reason for of, reason in held if of == action)
        return Decision(action, self.name, self.version, reasons)
