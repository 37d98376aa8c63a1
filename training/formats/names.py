"""Label names as people and tools spell them, onto label ids."""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources

from tagger import Label

__all__ = [
    "Spelling",
    "Technique",
    "corpus_names",
    "label_id",
    "label_ids",
    "packaged_techniques",
]

# What other corpora and annotation guides call the techniques, where it is more than spelling.
_ALSO_CALLED = {
    "bandwagon_reductio_ad_hitlerum": ("Bandwagon", "Reductio ad hitlerum"),
    "black_and_white_fallacy": (
        "Black-and-white Fallacy/Dictatorship",
        "False dilemma",
        "False dilemma or no choice",
    ),
    "exaggeration_minimisation": ("Exaggeration or minimization", "Exaggeration/Minimization"),
    "name_calling_labeling": ("Name calling", "Name calling or labelling"),
    "slogans": ("Slogan",),
    "thought_terminating_cliches": ("Thought-terminating cliché", "Conversation killer"),
    "whataboutism_straw_men_red_herring": (
        "Whataboutism",
        "Straw man",
        "Red herring",
        "Misrepresentation of Someone's Position (Straw Man)",
        "Presenting Irrelevant Data (Red Herring)",
    ),
}


@dataclass(frozen=True, slots=True)
class Technique:
    """The names of one known label."""

    id: str
    name: str
    corpus_name: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """How many spans bear a label name as it is spelt, and where the first of them was read."""

    count: int
    first: str


def label_id(corpus_name: str) -> str:
    """`Appeal_to_fear-prejudice` -> `appeal_to_fear_prejudice`."""
    return re.sub(r"[\W_]+", "_", corpus_name.lower()).strip("_")


def packaged_techniques() -> tuple[Technique, ...]:
    """The techniques that the packaged taxonomy describes."""
    known = json.loads(resources.files("training").joinpath("taxonomy.json").read_text("utf-8"))
    return tuple(Technique(entry["id"], entry["name"], entry["corpus_name"]) for entry in known)


def corpus_names() -> dict[str, str]:
    """The corpus's own name of each packaged technique, by id."""
    return {one.id: one.corpus_name for one in packaged_techniques()}


def label_ids(
    names: Mapping[str, Spelling], known: Sequence[Label] | None = None
) -> tuple[dict[str, str], list[str]]:
    """The id of each label name, and warnings that say which names were read as which label.

    names  as they are spelt; none is without a letter or digit
    known  the labels to map onto; by default the packaged taxonomy

    Names that differ in case, spaces, hyphens or underscores are one label. One that matches no
    known label is a label of its own.
    """
    techniques: Iterable[Technique | Label] = packaged_techniques() if known is None else known
    spellings: dict[str, str] = {}
    plain: set[str] = set()
    for technique in techniques:
        for name in (technique.id, technique.corpus_name, technique.name):
            spellings.setdefault(_squeezed(name, accents=False), technique.id)
        plain |= {technique.id, technique.corpus_name}
    for label in plain & _ALSO_CALLED.keys():
        for name in _ALSO_CALLED[label]:
            spellings.setdefault(_squeezed(name, accents=False), label)
    ids = {
        name: spellings[key]
        for name in names
        if (key := _squeezed(name, accents=False)) in spellings
    }
    own: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names.keys() - ids.keys():
        own[_squeezed(name)][name] += names[name].count
    for variants in own.values():
        counts: Counter[str] = Counter()
        for name, count in variants.items():
            counts[label_id(name)] += count
        best = max(counts, key=lambda one: (one.count("_"), counts[one], one))
        ids |= dict.fromkeys(variants, best)
    return ids, _warnings(names, ids, plain)


def _squeezed(name: str, *, accents: bool = True) -> str:
    """The letters and digits of a name, in one case; `accents`: whether they tell names apart, as
    they do in names that nobody has looked at."""
    letters = unicodedata.normalize("NFKD" if not accents else "NFKC", name.casefold())
    return "".join(one for one in letters if one.isalnum())


def _warnings(names: Mapping[str, Spelling], ids: Mapping[str, str], plain: set[str]) -> list[str]:
    warnings = []
    known = sorted(name for name in plain if name == label_id(name))
    for label in sorted(set(ids.values())):
        variants = sorted(name for name in ids if ids[name] == label)
        places = {name: f"{names[name].count}, first in {names[name].first}" for name in variants}
        other = [name for name in variants if name not in {label} | plain]
        if other and len(variants) > 1:
            spelt = ", ".join(f'"{name}" ({places[name]})' for name in variants)
            warnings.append(f"label {label} goes by {len(variants)} names, read as one: {spelt}")
        elif other:
            count = names[other[0]].count
            warnings.append(f'label {label}: "{other[0]}" ({count}) read as this label')
        if label not in plain:
            near = get_close_matches(label, known, 1, 0.85)
            hint = f"; if it is {near[0]} misspelt, mend it" if near else ""
            total = sum(names[name].count for name in variants)
            where = names[variants[0]].first
            warnings.append(
                f"label {label} ({total}, first in {where}) is none of the known techniques{hint}"
            )
    return warnings
