"""Retrains a model from labelled data, its encoder as it is, and judges it against what it was.

Classifiers move from the model's own no further than the new labels ask for, while texts of the
kind that the model knows hold them: articles of its training data where they are at hand, and
otherwise the packaged background texts. The model's edges, calibration and thresholds stay, since
they were chosen on more data than a retraining has; those of new labels are chosen on held-out new
data. A model of each fold judges the articles of the fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from tqdm import tqdm

from tagger import Document, Label, Tagger, decode, file_sha256
from training.base import Base
from training.checkpoints import Checkpoints
from training.export import read_fragments
from training.features import TokenTable, token_table
from training.folder import About, taxonomy, write_model
from training.heads import Heads
from training.judged import Judged, Seen, judged, see, within
from training.learning import Sources, Text, learnt, probabilities, sources_of
from training.material import Material
from training.own_decisions import own_decisions
from training.retrained import Retrained, Settings
from training.sharing import Sharing, shared_out
from training.shift import Linear

__all__ = ["retrain"]

Mask = NDArray[np.bool_]

_FRACTIONS = (0.25, 0.5)


def retrain(
    base: Base,
    material: Material,
    work: Path,
    *,
    base_documents: Sequence[Document] = (),
    base_groups: Sequence[str] | None = None,
    guard: Sequence[Document] = (),
    guard_groups: Sequence[str] | None = None,
    described: Mapping[str, Mapping[str, Any]] | None = None,
    settings: Settings | None = None,
) -> Retrained:
    """Fit on the new data, out of fold and on all of it, and judge.

    base            a model folder
    work            folder for results: interrupted, a retraining goes on from them
    base_documents  texts that the model was trained on, or others labelled like them
    base_groups     the article of each; by default its id
    guard           labelled texts to judge by, never learnt from
    guard_groups    the article of each; by default its id
    described       name, definition and example of new labels, by id

    The same data, model and seed give the same result. Raises InputError where too little is
    given.
    """
    settings = settings or Settings()
    known = base.learnt().get("articles", ())
    folds, seed = settings.folds, settings.seed
    sharing = shared_out(
        material,
        base_documents,
        guard,
        known,
        folds=folds,
        seed=seed,
        base_groups=base_groups,
        guard_groups=guard_groups,
    )
    run = _Run(base, material, sharing, work, described or {}, settings)
    return run.result()


class _Run:
    def __init__(
        self,
        base: Base,
        material: Material,
        sharing: Sharing,
        work: Path,
        described: Mapping[str, Mapping[str, Any]],
        settings: Settings,
    ) -> None:
        self.base, self.material, self.sharing = base, material, sharing
        self.work, self.settings = work, settings
        self.tagger = Tagger.load(base.folder)
        known = self.tagger.manifest.labels
        own = taxonomy(material.own)
        self.start = (*known, *(replace(one, **described.get(one.id, {})) for one in own))
        self.known = len(known)
        self.texts = self._texts()
        inputs = (
            [(text.document, sorted(text.looked_for or ()), text.weight) for text in self.texts],
            sharing.folds.tolist(),
            [label.id for label in self.start],
            [file_sha256(base.folder / name) for name in ("encoder.onnx", "head.onnx")],
            settings.seed,
            settings.pull,
        )
        self.checkpoints = Checkpoints(work / "checkpoints", inputs)

    def _texts(self) -> list[Text]:
        """New texts, those of the base's data, and the background, in this order."""
        settings, own = self.settings, frozenset(label.id for label in self.start)
        new = [
            Text(document, looked_for, settings.weight)
            for document, looked_for in zip(
                self.material.documents, self.material.looked_for, strict=True
            )
        ]
        base = [
            Text(one.document, None if one.known else own - {*self.material.own}, weight)
            for weight in [settings.base_weight]
            for one in self.sharing.base
        ]
        plain = self.sharing.background
        # All candidates: fragments of any kind are to be named as they were.
        marked = self.tagger.tag([document.text for document in plain], thresholds=0)
        held = [replace(one, spans=own.spans) for one, own in zip(plain, marked, strict=True)]
        return [*new, *base, *(Text(one, None, settings.base_weight) for one in held)]

    @cached_property
    def table(self) -> TokenTable:
        documents = [text.document for text in self.texts]
        return self.checkpoints.get(
            "states",
            lambda: token_table(documents, self.base.encoder(), self.base.windower()),
        )

    @cached_property
    def sources(self) -> Sources:
        near = self.base.near()
        assert near is not None, "a model folder has a head"
        fragments = read_fragments(onnx.load(self.base.folder / "fragments.onnx"))
        return sources_of(
            self.table,
            self.texts,
            [label.id for label in self.start],
            self.known,
            Linear(*near.weights()),
            fragments,
            seed=self.settings.seed,
        )

    def fit(self, name: str, texts: Mask) -> Heads:
        def make() -> Heads:
            jobs = self.settings.jobs
            return Heads(*learnt(self.sources, texts, self.settings.pull, jobs=jobs))

        return self.checkpoints.get(name, make)

    def result(self) -> Retrained:
        count, folds = len(self.material.documents), self.sharing.folds
        parts = range(int(folds.max()) + 1)
        progress = tqdm(parts, "folds", disable=None)
        heads = [self.fit(f"fold-{fold}", folds != fold) for fold in progress]
        chosen = own_decisions(self.texts, self.table, heads, folds, self.start, self.known)
        allowed = self.material.looked_for
        seen: list[Seen | None] = [None] * count
        for fold in parts:
            tagger = self.written(f"fold-{fold}", heads[fold], chosen[fold])
            own = np.flatnonzero(folds[:count] == fold).tolist()
            documents = [self.material.documents[place] for place in own]
            for place, one in zip(own, see(tagger, documents), strict=True):
                seen[place] = one
        final = self.fit("all", np.ones(len(self.texts), bool))
        labels = chosen[-1]
        gold = self.material.documents
        new = judged(
            gold,
            self.sharing.groups.tolist(),
            see(self.tagger, gold),
            [one for one in seen if one],
            allowed,
            self.sharing.known[0],
        )
        return Retrained(
            final,
            labels,
            new,
            self.on_old(final, labels),
            self.curve(chosen) | {1.0: new.new.predicted},
            len(parts),
            self.sharing.warnings,
            self.trained_on(),
            self.material.own,
        )

    def written(self, name: str, heads: Heads, labels: Sequence[Label]) -> Tagger:
        about = About(name, str(self.settings.seed))
        write_model(self.work / name, self.base, heads, labels, about)
        return Tagger.load(self.work / name)

    def on_old(self, heads: Heads, labels: Sequence[Label]) -> Judged | None:
        gold = self.sharing.judged
        if not gold:
            return None
        known = frozenset(label.id for label in labels[: self.known])
        tagger = self.written("all", heads, labels)
        seen = see(self.tagger, gold), see(tagger, gold)
        groups = self.sharing.judged_groups
        return judged(gold, groups, *seen, [known] * len(gold), self.sharing.known[1])

    def curve(self, chosen: Sequence[Sequence[Label]]) -> dict[float, tuple[Document, ...]]:
        """What is marked in the new texts by models that learnt from a part of the others."""
        count, folds = len(self.material.documents), self.sharing.folds
        groups = self.sharing.groups
        found = {}
        texts = [text.document.text for text in self.texts]
        for fraction in tqdm(_FRACTIONS, "learning curve", disable=None):
            marked: list[Document] = list(self.material.documents)
            for fold in range(int(folds.max()) + 1):
                others = np.unique(groups[folds[:count] != fold])
                order = np.random.default_rng((self.settings.seed, fold)).permutation(others)
                part = order[: max(1, round(fraction * len(order)))]
                learning = folds != fold
                learning[:count] &= np.isin(groups, part)
                heads = self.fit(f"fold-{fold}-{fraction}", learning)
                assert isinstance(heads.tokens, Linear)
                own = (folds == fold) & (np.arange(len(folds)) < count)
                windows, values = probabilities(self.table, heads.tokens, own)
                decoded = decode(texts, windows, values, chosen[fold])
                for place in np.flatnonzero(own).tolist():
                    marked[place] = within(decoded[place], self.material.looked_for[place])
            found[fraction] = tuple(
                replace(one, id=gold.id)
                for one, gold in zip(marked, self.material.documents, strict=True)
            )
        return found

    def trained_on(self) -> dict[str, Any]:
        manifest = self.tagger.manifest
        spans = sum(len(document.spans) for document in self.material.documents)
        held = sum(one.known for one in self.sharing.base)
        known = manifest.trained_on.get("article ids", [])
        ids = [
            one.id for one in (*self.material.documents, *(b.document for b in self.sharing.base))
        ]
        return dict(manifest.trained_on) | {
            "retrained from": f"{manifest.name} {manifest.version}, {manifest.sha256[:12]}",
            "new texts": len(self.material.documents),
            "labelled spans of new texts": spans,
            "new labels": ", ".join(self.material.own) or "none",
            "held near the old model by": f"{held} of its articles and "
            f"{len(self.sharing.background)} background texts",
            "seed": self.settings.seed,
            "article ids": sorted({*known, *map(str, ids)}),
        }
