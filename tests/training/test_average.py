"""The mean of several trainings."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from training.average import average


def test_weights_are_averaged(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    parts = []
    for seed in (3, 5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        whole = random.normal(size=(2, 3)).astype(np.float32)
        save_file({"w": whole}, folder / "model.safetensors")
        save_file({"weights": whole, "bias": whole[0]}, folder / "head.safetensors")
        learnt = {"articles": ["a"], "labels": ["x"], "seed": seed, "key": str(seed)}
        (folder / "learnt.json").write_text(json.dumps(learnt), encoding="utf-8")
        parts.append(whole)
    average([tmp_path / "3", tmp_path / "5"], tmp_path / "mean", {"before": {"epochs": 3}})
    expected = (parts[0] + parts[1]) / 2
    found = load_file(tmp_path / "mean" / "model.safetensors")
    assert found["w"].dtype == np.float32
    np.testing.assert_allclose(found["w"], expected)
    head = load_file(tmp_path / "mean" / "head.safetensors")
    np.testing.assert_allclose(head["bias"], expected[0])
    learnt = json.loads((tmp_path / "mean" / "learnt.json").read_text("utf-8"))
    assert learnt == {"articles": ["a"], "labels": ["x"], "seeds": [3, 5], "before": {"epochs": 3}}
