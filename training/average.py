"""The mean of several trainings of one encoder, weight by weight.

Trainings that begin at the same weights and differ by their seeds end near each other, and the
encoder between them is better than any of them, at no cost when it runs (Wortsman et al., Model
soups: averaging weights of multiple fine-tuned models, ICML 2022).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

__all__ = ["average"]


def average(
    trained: Sequence[Path], output: Path, told: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Write the means of `model.safetensors` and `head.safetensors` of some folders into `output`,
    with a `learnt.json` that names their seeds, and what else is `told` of them."""
    output.mkdir(parents=True, exist_ok=True)
    for name in ("model.safetensors", "head.safetensors"):
        held = [load_file(folder / name) for folder in trained]
        means = {key: np.mean([part[key] for part in held], axis=0) for key in held[0]}
        kinds = {key: value.astype(held[0][key].dtype) for key, value in means.items()}
        save_file(kinds, output / name)
    learnt = [json.loads((folder / "learnt.json").read_text("utf-8")) for folder in trained]
    merged = {key: value for key, value in learnt[0].items() if key not in ("seed", "key")}
    merged |= {"seeds": [each["seed"] for each in learnt], **told}
    (output / "learnt.json").write_text(json.dumps(merged) + "\n", encoding="utf-8")
