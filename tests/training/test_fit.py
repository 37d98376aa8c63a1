"""From labelled articles to a model folder that tags."""

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tagger import Document, InputError, Tagger
from training.background import read_furniture
from training.base import Base
from training.fit import Fitted, fit
from training.folder import About, write_model
from training.fragments import FragmentClassifier
from training.ptc import read_folds
from training.tokens import TokenClassifiers

Fit = Callable[..., tuple[Fitted, Path]]
# The face names the function `fit`, which hides the module of that name.
FITTING = importlib.import_module("training.fit")


@pytest.fixture(scope="module")
def fit_in(root: Path, articles: list[Document]) -> Fit:
    """Fits in a work folder on the packaged encoder, writes the model there and returns both."""
    packaged = Base.read(root / "models" / "default")

    def run(
        work: Path, documents: list[Document] = articles, **options: Any
    ) -> tuple[Fitted, Path]:
        folds = read_folds(root / "tests" / "articles" / "folds.json", [d.id for d in documents])
        settings = {"base": packaged, "negatives": read_furniture()[:6], "jobs": 2} | options
        base = settings.pop("base")
        fitted = fit(documents, folds, base, work, **settings)
        about = About("small", "1", fitted.trained_on, fitted.figures)
        write_model(work / "model", base, fitted.heads, fitted.labels, about)
        return fitted, work / "model"

    return run


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def model(fit_in: Fit, work: Path) -> tuple[Fitted, Path]:
    return fit_in(work)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def share_named_right(folder: Path, documents: list[Document]) -> float:
    """Of fragments that the classifier learnt from: how many get their own label back."""
    tagger = Tagger.load(folder)
    found = [
        tagger.classify(document.text, [(span.start, span.end) for span in document.spans])
        for document in documents
    ]
    pairs = [
        (one.label, span.label)
        for own, document in zip(found, documents, strict=True)
        for one, span in zip(own, document.spans, strict=True)
    ]
    return sum(one == other for one, other in pairs) / len(pairs)


@pytest.fixture
def no_fitting(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("this was fitted before")

    monkeypatch.setattr(FITTING, "frozen_heads", refuse)
    for classifier in (TokenClassifiers, FragmentClassifier):
        monkeypatch.setattr(classifier, "fit", refuse)


def test_a_fitted_model_tags(model: tuple[Fitted, Path], articles: list[Document]) -> None:
    fitted, folder = model
    tagger = Tagger.load(folder)
    assert tagger.labels == tuple(sorted({s.label for a in articles for s in a.spans}))
    assert tagger.manifest.labels == fitted.labels
    assert all(any(label.calibration.values()) for label in fitted.labels)
    assert tagger.manifest.trained_on["articles"] == 12
    texts = [article.text for article in articles]
    everything = tagger.tag(texts, thresholds=0)
    assert [document.text for document in everything] == texts
    assert len({span.label for document in everything for span in document.spans}) > 7
    assert tagger.tag(texts) == [
        Document(d.text, tuple(s for s in d.spans if s.score >= floor[s.label]))
        for floor in [{label.id: label.threshold for label in fitted.labels}]
        for d in everything
    ]


def test_the_classifiers_learnt(model: tuple[Fitted, Path], articles: list[Document]) -> None:
    fitted, folder = model
    assert share_named_right(folder, articles) > 0.8
    rows = sum(len(article.spans) for article in articles)
    assert fitted.figures["tc"]["rows"] == rows
    assert 0.2 < fitted.figures["tc"]["f1"] < 0.8  # out of fold: no fragment was seen
    assert 0.4 < fitted.figures["si"]["f1"] < 0.8


def test_the_card_states_what_was_measured(model: tuple[Fitted, Path]) -> None:
    fitted, folder = model
    card = (folder / "README.md").read_text("utf-8")
    figures = fitted.figures
    assert json.loads((folder / "manifest.json").read_bytes())["figures"] == figures
    assert (figures["articles"], figures["folds"]) == (12, 3)
    assert "3-fold cross-validation over 12 articles" in card
    for measure in ("flc", "si", "tc"):
        low, high = figures[measure]["interval"]
        assert f"| {figures[measure]['f1']:.3f} | {low:.3f} to {high:.3f} |" in card
    for label in fitted.labels:
        assert f"| {label.name} | {label.threshold:.2f} |" in card
    assert "$" not in card


@pytest.mark.usefixtures("no_fitting")
def test_a_second_run_goes_on_from_the_results_of_the_first(
    model: tuple[Fitted, Path], fit_in: Fit, work: Path
) -> None:
    before = contents(model[1])
    again, folder = fit_in(work)
    assert again.figures == model[0].figures
    assert contents(folder) == before


@pytest.mark.usefixtures("no_fitting")
def test_results_of_other_data_are_not_taken(
    model: tuple[Fitted, Path], fit_in: Fit, work: Path, articles: list[Document]
) -> None:
    fewer = [*articles[:-1], replace(articles[-1], spans=articles[-1].spans[:-1])]
    for change in ({"seed": 1}, {"documents": fewer}, {"negatives": read_furniture()[:5]}):
        with pytest.raises(AssertionError, match="fitted before"):
            fit_in(work, **change)


def test_two_fits_are_alike_to_the_last_bit(
    model: tuple[Fitted, Path], fit_in: Fit, tmp_path: Path
) -> None:
    _, folder = fit_in(tmp_path, jobs=1)
    found, expected = contents(folder), contents(model[1])
    assert sorted(found) == sorted(expected)
    assert [name for name, content in found.items() if content != expected[name]] == []


def test_an_interrupted_fit_is_finished(
    fit_in: Fit, tiny_base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, expected = fit_in(tmp_path / "whole", base=tiny_base)
    own = TokenClassifiers.fit
    calls = []

    def interrupted(self: TokenClassifiers, *arguments: Any) -> TokenClassifiers:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return own(self, *arguments)

    monkeypatch.setattr(TokenClassifiers, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit_in(tmp_path / "broken", base=tiny_base)
    [whole] = (tmp_path / "whole" / "checkpoints").glob("heads-1-*.joblib")
    left = tmp_path / "broken" / "checkpoints"
    assert list(left.glob("heads-0-*.joblib"))
    assert not (left / whole.name).exists()
    (left / whole.name).with_suffix(".partial").write_bytes(whole.read_bytes()[:1000])
    _, folder = fit_in(tmp_path / "broken", base=tiny_base)
    assert contents(folder) == contents(expected)
    assert len(calls) == 1 + 1 + 3  # fold 0, the interrupted one, and folds 1, 2 and all
    assert not list(left.glob("*.partial"))


def test_every_fold_needs_labels_in_the_others(
    fit_in: Fit, articles: list[Document], tmp_path: Path
) -> None:
    bare = [replace(article, spans=()) for article in articles]
    for documents in ([], articles[:1], [articles[0], *bare[1:3]], bare):
        with pytest.raises(InputError, match="every fold needs labelled spans in the other folds"):
            fit_in(tmp_path, documents)


@pytest.mark.parametrize("names", [("heat", "cold_water"), ("heat", "heat")], ids=["two", "one"])
def test_labels_of_the_users_own(
    articles: list[Document], fit_in: Fit, tmp_path: Path, names: tuple[str, str]
) -> None:
    """Labels that no taxonomy describes; with one, there is nothing to tell apart."""
    renamed = dict(zip(("loaded_language", "doubt"), names, strict=True))
    documents = []
    for article in articles:
        kept = [replace(s, label=renamed[s.label]) for s in article.spans if s.label in renamed]
        documents.append(replace(article, spans=tuple(kept)))
    fitted, folder = fit_in(tmp_path, documents)
    manifest = Tagger.load(folder).manifest
    assert [label.name for label in manifest.labels] == [
        name.replace("_", " ").capitalize() for name in sorted(set(names))
    ]
    assert share_named_right(folder, documents) == 1
    assert fitted.figures["tc"]["f1"] > 0.8
