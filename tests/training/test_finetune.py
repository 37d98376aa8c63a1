"""Fine-tuning: where torch is installed, on a tiny encoder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tagger import Document, Tagger
from training.base import Base
from training.cli import main
from training.download import Checkpoint
from training.features import TokenTable, token_table


def weights(output: Path, name: str) -> dict[str, Any]:
    return load_file(output / name / "model.safetensors") | load_file(
        output / name / "head.safetensors"
    )


def test_encoders_learn_and_are_exported(
    checkpoint: Checkpoint, articles: list[Document], folds: list[list[str]], tmp_path: Path
) -> None:
    from training.adapt import Recipe, adapt

    recipe = Recipe(epochs=12, rate=3e-3, batch_tokens=300)
    adapt(articles, folds, checkpoint, tmp_path, recipe=recipe, seeds=(0, 1))
    both = [Base.read(tmp_path / f"seed-{seed}").of_fold(0).head() for seed in (0, 1)]
    assert (both[0].weights()[0] != both[1].weights()[0]).any()
    labels = sorted({span.label for document in articles for span in document.spans})
    for fold, held_out in enumerate(folds):
        base = Base.read(tmp_path).of_fold(fold)
        assert not set(base.learnt()["articles"]) & set(held_out)
        seen = [document for document in articles if document.id not in held_out]
        head = base.head()
        assert head is not None
        table: TokenTable = token_table(seen, base.encoder(), base.windower())
        bears = table.targets(seen, labels)[:, -1]
        found = head.predict_proba(table.matrix(np.arange(len(bears))))[:, -1]
        # What it learnt from it knows, through the exported graph as well.
        assert found[bears].mean() > found[~bears].mean() + 0.1


@pytest.mark.parametrize("other_weights", [False, True])
def test_an_interrupted_training_ends_as_an_undisturbed_one(
    other_weights: bool,
    checkpoint: Checkpoint,
    articles: list[Document],
    folds: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from training import finetune
    from training.adapt import Recipe, adapt

    other = {name: 0.9 * values for name, values in checkpoint.weights.items()}
    first = replace(checkpoint, weights=other) if other_weights else checkpoint

    def run(output: Path, checkpoint: Checkpoint = checkpoint) -> None:
        adapt(articles, folds, checkpoint, output, recipe=Recipe(epochs=3), seeds=(4,))

    run(tmp_path / "whole")
    write = finetune._State.write

    def stop(state: Any, steps: int) -> None:
        write(state, steps)
        if steps == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(finetune._State, "write", stop)
        patch.setattr(finetune, "_SAVED_EVERY", -1.0)  # after each step
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "cut", first)
    run(tmp_path / "cut")
    for name in ("all", "fold-0", "fold-1", "fold-2"):
        whole, cut = (weights(tmp_path / part, name) for part in ("whole", "cut"))
        assert whole.keys() == cut.keys()
        for key, value in whole.items():
            np.testing.assert_array_equal(value, cut[key], err_msg=key)


def test_what_is_done_is_not_done_again(
    checkpoint: Checkpoint,
    articles: list[Document],
    folds: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from training import trained as module
    from training.adapt import Recipe, adapt

    adapt(articles, folds, checkpoint, tmp_path, recipe=Recipe(epochs=1), seeds=(0,))
    before = weights(tmp_path, "fold-1")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("this was trained before")

    monkeypatch.setattr(module, "finetune", refuse)
    adapt(articles, folds, checkpoint, tmp_path, recipe=Recipe(epochs=1), seeds=(0,))
    assert all((value == before[key]).all() for key, value in weights(tmp_path, "fold-1").items())
    with pytest.raises(AssertionError, match="trained before"):
        adapt(articles, folds, checkpoint, tmp_path, recipe=Recipe(epochs=2), seeds=(0,))


def written(checkpoint: Checkpoint, folder: Path) -> Path:
    folder.mkdir()
    save_file(checkpoint.weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(checkpoint.config), encoding="utf-8")
    (folder / "tokenizer.json").write_bytes(checkpoint.tokenizer)
    return folder


def test_the_command(
    checkpoint: Checkpoint, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, output = written(checkpoint, tmp_path / "weights"), tmp_path / "out"
    command = ["finetune", "--data", str(root / "tests" / "articles"), "--output", str(output)]
    options = ["--weights", str(folder), "--epochs", "1", "--jobs", "1", "--trainings", "2"]
    assert main([*command, *options]) == 0
    names = {"all", "fold-0", "fold-1", "fold-2"}
    assert {path.name for path in output.iterdir()} == names | {"seed-0", "seed-1"}
    assert {path.name for path in (output / "seed-1").iterdir()} == names
    assert capsys.readouterr().err == ""


def test_retraining_with_the_encoder(
    checkpoint: Checkpoint, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, output, data = written(checkpoint, tmp_path / "weights"), tmp_path / "out", "new.json"
    mark = {"start": 0, "end": 8, "technique": "Deadline", "text_fragment": "Act now!"}
    texts = [
        {"id": f"n{place}", "text": f"Act now! {word} is on sale.", "labels": [mark]}
        for place, word in enumerate(["Tea", "Wool", "A bicycle", "Our house", "The lamp"])
    ]
    (tmp_path / data).write_text(json.dumps(texts), encoding="utf-8")
    command = f"retrain --base {root}/models/default --data {tmp_path / data} --output {output}"
    assert main([*command.split(), "--finetune", "--weights", "nowhere"]) == 2
    assert "--finetune needs what the model was trained on" in capsys.readouterr().err
    options = f"--finetune --weights {weights} --base-data {root}/tests/articles"
    assert main([*f"{command} {options} --trainings 2 --epochs 1 --jobs 1".split()]) == 0
    model = Tagger.load(output)
    assert "deadline" in model.labels
    assert model.tag(["Act now! Tea is on sale."], thresholds=0)
    assert model.manifest.trained_on["trainings averaged"] == 2
    judged = model.manifest.figures["retrained"]
    assert (judged["new"]["texts"], judged["old"]["texts"]) == (5, 12)
    assert output.with_name("out.html").exists()


def test_without_torch_it_says_what_to_install(
    root: Path, tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    for name in [*sys.modules]:
        if name in ("training.adapt", "training.finetune", "training.network"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    command = ["finetune", "--data", str(root / "tests" / "articles"), "--output", str(tmp_path)]
    assert main(command) == 2
    assert "persuasion-tagger[finetune]" in capsys.readouterr().err


@pytest.mark.parametrize("share", [0.5, 0.4, 0.7])
def test_unmarked_windows_take_turns(share: float) -> None:
    pytest.importorskip("torch", reason="torch comes with the extra `finetune` only")
    from training.examples import Example
    from training.finetune import Recipe, _batches

    def example(mark: float) -> Example:
        return Example(
            np.arange(8), np.zeros((8, 3), np.float32), np.full((8, 2), mark, np.float32)
        )

    examples = [example(float(number % 5 == 0)) for number in range(1000)]
    recipe = Recipe(unmarked=share)
    seen = np.zeros(len(examples), int)
    for epoch in range(10):
        taken = [i for batch in _batches(examples, recipe, 3, epoch) for i in batch]
        assert len(taken) == len(set(taken))
        assert set(range(0, 1000, 5)) <= set(taken)
        assert (len(taken) - 200) / 800 == pytest.approx(share, abs=0.06)
        seen[taken] += 1
    rest = seen[np.arange(1000) % 5 > 0]
    assert abs(rest - 10 * share).max() <= 1


@pytest.mark.parametrize("shape", [(10_000,), (3, 5, 1_001)])
def test_dropout_drops_its_share_and_keeps_the_mean(shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="torch comes with the extra `finetune` only")
    from training.network import _Dropout

    layer, ones = _Dropout(0.1), torch.ones(shape)
    torch.manual_seed(3)
    first, second = layer(ones), layer(ones)
    torch.manual_seed(3)
    assert torch.equal(layer(ones), first)
    assert not torch.equal(second, first)
    assert float((first == 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert float(first.mean()) == pytest.approx(1, abs=0.01)
    assert layer(ones.bfloat16()).dtype is torch.bfloat16
    assert torch.equal(layer.eval()(ones), ones)
    assert torch.equal(_Dropout(0.0)(ones), ones)
