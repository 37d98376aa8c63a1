"""Whether a model is worse than another: both on the same labelled articles, article by article."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from tagger import Document, InputError, Tagger
from training.bootstrap import bounds, resamples
from training.comparison import f1_differences
from training.formats import Reading, Record
from training.measure import Overlap, flc_by_label

__all__ = ["LEAST_ARTICLES", "MOST_LOSS", "TOLERANCE", "Comparison", "compare"]

LEAST_ARTICLES = 10
"""With fewer, resampling them says nothing of how much chance there is in a difference."""

TOLERANCE = 0.01
"""By how much FLC F1 may fall on the guard set."""

MOST_LOSS = 0.03
"""A loss of FLC F1 that must lie outside its 95% interval."""

_RESAMPLES = 2000

ByLabel = dict[str, Overlap]


@dataclass(frozen=True)
class Comparison:
    """Fragment-level classification of two models on the same articles: see `flc`.

    articles   how many there are
    left_out   texts of the guard set that one of the models learnt from
    old, new   sums over all articles, by label
    interval   95% interval of the difference of F1, new less old: paired bootstrap over articles
               (Berg-Kirkpatrick et al., An Empirical Investigation of Statistical Significance in
               NLP, EMNLP-CoNLL 2012)
    """

    articles: int
    left_out: int
    old: ByLabel
    new: ByLabel
    interval: tuple[float, float]

    @property
    def difference(self) -> float:
        """FLC F1 of the new model less that of the old one."""
        return _total(self.new).f1 - _total(self.old).f1

    def fault(self, tolerance: float = TOLERANCE, most_loss: float = MOST_LOSS) -> str | None:
        """Why the new model counts as worse; None if it does not.

        It is not worse if its F1 is at most `tolerance` below the old one's, and a loss of
        `most_loss` lies outside the 95% interval. So a guard set that is too small to tell keeps
        the old model.
        """
        if self.difference < -tolerance:
            return f"it is worse: FLC F1 falls by more than {tolerance:g}"
        if self.interval[0] < -most_loss:
            return (
                f"{self.articles} articles can't rule out that FLC F1 falls by more than "
                f"{most_loss:g}: a larger guard set might"
            )
        return None

    def figures(self) -> dict[str, Any]:
        """What a record of the comparison keeps, ready for JSON."""
        bounds = [round(bound, 4) for bound in self.interval]
        labels = sorted({*self.old, *self.new})
        nothing = Overlap()
        return {
            "articles": self.articles,
            "left_out": self.left_out,
            "all": _ratios(_total(self.old), _total(self.new)) | {"interval": bounds},
            "by_label": {
                label: _ratios(self.old.get(label, nothing), self.new.get(label, nothing))
                for label in labels
            },
        }


def compare(old: Tagger, new: Tagger, guard: Reading) -> Comparison:
    """Tag the guard set with both models, each by its own thresholds.

    Texts that one of the models learnt from, by the ids in its manifest, are left out, since they
    would flatter it.

    Raises InputError if fewer than LEAST_ARTICLES are left, or no span of them could be found.
    """
    learnt = {
        name for each in (old, new) for name in each.manifest.trained_on.get("article ids", ())
    }
    unseen = [record for record in guard.records if record.document.id not in learnt]
    left_out = len(guard.records) - len(unseen)
    articles = len({record.group for record in unseen})
    if articles < LEAST_ARTICLES:
        why = f", beside {left_out} texts that a model learnt from" if left_out else ""
        raise InputError(
            f"the guard set has {articles} articles{why}: {LEAST_ARTICLES} or more are needed"
        )
    known = {*old.labels, *new.labels}
    if not any(span.label in known for record in unseen for span in record.document.spans):
        raise InputError("the guard set has no span with a label that one of the models knows")
    pairs: dict[str, list[tuple[ByLabel, ByLabel]]] = {}
    for record in _progress(unseen):
        found = _measure(old, record.document), _measure(new, record.document)
        pairs.setdefault(record.group, []).append(found)
    olds, news = (
        [_sums([pair[side] for pair in own]) for own in pairs.values()] for side in (0, 1)
    )
    rows = np.array([[astuple(_total(article)) for article in side] for side in (olds, news)])
    interval = bounds(f1_differences(rows, resamples(articles, _RESAMPLES)))
    return Comparison(articles, left_out, _sums(olds), _sums(news), interval)


def _progress(records: Sequence[Record]) -> Any:
    return tqdm(records, "guard set", unit="text", disable=None)


def _measure(tagger: Tagger, gold: Document) -> ByLabel:
    (found,) = tagger.tag([gold.text])
    return flc_by_label([Document(gold.text, found.spans, gold.id)], [gold])


def _sums(parts: Sequence[ByLabel]) -> ByLabel:
    labels = sorted({label for part in parts for label in part})
    return {
        label: sum((part.get(label, Overlap()) for part in parts), Overlap()) for label in labels
    }


def _total(by_label: ByLabel) -> Overlap:
    return sum(by_label.values(), Overlap())


def _ratios(old: Overlap, new: Overlap) -> dict[str, Any]:
    return {
        "gold": new.gold,
        "old": round(old.f1, 4),
        "new": round(new.f1, 4),
        "difference": round(new.f1 - old.f1, 4),
    }
