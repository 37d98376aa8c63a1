"""Fitting on encoders that were fine-tuned, one for each fold."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tagger import Document, InputError, Tagger
from training.base import Base
from training.features import LAYERS
from training.fit import fit
from training.folder import About, write_model

FOLDS = 3


@pytest.fixture
def encoders(root: Path, tmp_path: Path, articles: list[Document], folds: list[list[str]]) -> Path:
    """Folders as `finetune` leaves them, with heads that differ and know nothing."""
    base = Base.read(root / "models" / "default")
    labels = sorted({span.label for document in articles for span in document.spans})
    features = 4 * len(LAYERS) * 384 + 3
    for number, name in enumerate(["all", *(f"fold-{fold}" for fold in range(FOLDS))]):
        folder = tmp_path / "encoders" / name
        folder.mkdir(parents=True)
        for file in ("encoder.onnx", "tokenizer.json", "NOTICE"):
            shutil.copyfile(base.folder / file, folder / file)
        (folder / "window.json").write_text(json.dumps(base.window), encoding="utf-8")
        weights = np.random.default_rng(number).normal(0, 0.01, (features, len(labels) + 1))
        head = {"weights": weights.astype(np.float32), "bias": np.full(len(labels) + 1, -2.0, "f4")}
        save_file(head, folder / "head.safetensors")
        held_out = folds[number - 1] if number else []
        learnt = [document.id for document in articles if document.id not in held_out]
        about = {"articles": learnt, "labels": labels, "recipe": {"epochs": 3}}
        (folder / "learnt.json").write_text(json.dumps(about), encoding="utf-8")
    return tmp_path / "encoders"


def test_each_fold_is_judged_by_its_own_encoder_and_head(
    encoders: Path, articles: list[Document], folds: list[list[str]], tmp_path: Path
) -> None:
    base, work = Base.read(encoders), tmp_path / "work"
    fitted = fit(articles, folds, base, work)
    write_model(work / "model", base, fitted.heads, fitted.labels, About("tuned", "1"))
    # Of the same encoder with heads of their own: only the head tells the folders apart.
    texts = [article.text for article in articles[:2]]
    for name, own in (("model", "all"), *((f"fold-{n}", f"fold-{n}") for n in range(FOLDS))):
        head = Base.read(encoders / own).head()
        assert head is not None
        tagger = Tagger.load(work / name)
        window = tagger.plan(texts)[0]
        states = np.concatenate(base.encoder().hidden(window, LAYERS), axis=1)
        edge = np.zeros((1, states.shape[1]), np.float32)
        before, after = np.vstack([edge, states[:-1]]), np.vstack([states[1:], edge])
        mean = np.broadcast_to(states.mean(axis=0), states.shape)
        features = np.hstack([states, before, after, mean, window.repeats])
        np.testing.assert_allclose(
            tagger.infer([window])[0], head.predict_proba(features), atol=1e-5
        )


def test_an_encoder_does_not_judge_what_it_learnt(
    encoders: Path, articles: list[Document], folds: list[list[str]], tmp_path: Path
) -> None:
    moved = [folds[1], folds[0], *folds[2:]]
    with pytest.raises(InputError, match=r"fold-0 was fine-tuned on \d+ of the articles"):
        fit(articles, moved, Base.read(encoders), tmp_path / "work")


def test_nor_does_a_model_that_was_made_from_it(
    encoders: Path, articles: list[Document], folds: list[list[str]], tmp_path: Path
) -> None:
    base, model = Base.read(encoders), tmp_path / "model"
    fitted = fit(articles, folds, base, tmp_path / "work")
    about = About("tuned", "1", fitted.trained_on, fitted.figures)
    write_model(model, base, fitted.heads, fitted.labels, about)
    assert "- epochs of fine-tuning: 3\n" in (model / "README.md").read_text("utf-8")
    with pytest.raises(InputError, match=r"model was fine-tuned on \d+ of the articles"):
        fit(articles, folds, Base.read(model), tmp_path / "again")


def test_an_encoder_of_other_labels_is_refused(
    encoders: Path, articles: list[Document], folds: list[list[str]], tmp_path: Path
) -> None:
    path = encoders / "fold-0" / "learnt.json"
    about = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(about | {"labels": about["labels"][1:]}), encoding="utf-8")
    with pytest.raises(InputError, match="fine-tuned for other labels than the corpus has"):
        fit(articles, folds, Base.read(encoders), tmp_path / "work")
