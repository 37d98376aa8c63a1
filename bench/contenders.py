"""What is timed: each contender is made once, then called with the same paragraphs."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from tagger import Tagger, default_model

__all__ = ["CONTENDERS", "Run"]

Run = Callable[[], object]


def tagger(texts: Sequence[str]) -> Run:
    """Tagger.tag, as users call it."""
    loaded = Tagger.load(default_model())
    return lambda: loaded.tag(texts)


def session(texts: Sequence[str], *, budget: int, level: str) -> Run:
    """The shipped model's bare onnxruntime sessions: windows tokenised before the clock starts,
    sorted by length, padded into batches of at most `budget` tokens; nothing is decoded."""
    folder = default_model()
    options = ort.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
    encoder = ort.InferenceSession(str(folder / "encoder.onnx"), options)
    head = ort.InferenceSession(str(folder / "head.onnx"), options)
    names = [given.name for given in head.get_inputs() if given.name != "repeats"]
    loaded = Tagger.load(folder)
    special = loaded.manifest.window
    rows = [
        np.array([special["start_token"], *window.ids, special["end_token"]])
        for window in loaded.plan(texts)
    ]
    batches = _padded(sorted(rows, key=len), budget)

    def run() -> None:
        for ids, mask in batches:
            states = encoder.run(names, {"input_ids": ids, "attention_mask": mask})
            flat = [state.reshape(-1, state.shape[-1]) for state in states]
            repeats = np.zeros((len(flat[0]), 3), np.float32)
            head.run(None, dict(zip(names, flat, strict=True)) | {"repeats": repeats})

    return run


def pipeline(texts: Sequence[str], *, batch: int) -> Run:
    """A Hugging Face token-classification pipeline over a BERT-base of random weights, in torch:
    the size and stack of the published model for this task."""
    import torch
    from transformers import (
        BertConfig,
        BertForTokenClassification,
        PreTrainedTokenizerFast,
        TokenClassificationPipeline,
    )

    torch.manual_seed(0)
    torch.set_num_threads(os.cpu_count() or 1)
    model = BertForTokenClassification(BertConfig(num_labels=15)).eval()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(Path(default_model()) / "tokenizer.json"),
        model_max_length=512,
        **{name: f"[{name[:3].upper()}]" for name in ("pad_token", "cls_token", "sep_token")},
    )
    made = TokenClassificationPipeline(
        model=model, tokenizer=tokenizer, aggregation_strategy="simple", device="cpu"
    )
    return lambda: made(list(texts), batch_size=batch)


def _padded(rows: Sequence[np.ndarray], budget: int) -> list[tuple[np.ndarray, np.ndarray]]:
    groups: list[list[np.ndarray]] = [[]]
    for row in rows:
        if groups[-1] and (len(groups[-1]) + 1) * len(row) > budget:
            groups.append([])
        groups[-1].append(row)
    batches = []
    for group in groups:
        ids = np.zeros((len(group), len(group[-1])), np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(group):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        batches.append((ids, mask))
    return batches


CONTENDERS: dict[str, Callable[[Sequence[str]], Run]] = {
    "Tagger.tag": tagger,
    "bare session, 512 tokens": lambda t: session(t, budget=512, level="ORT_ENABLE_BASIC"),
    "bare session, 2048 tokens": lambda t: session(t, budget=2048, level="ORT_ENABLE_BASIC"),
    "bare session, 512 tokens, all optimisations": lambda t: session(
        t, budget=512, level="ORT_ENABLE_ALL"
    ),
    "BERT-base pipeline, batch 1": lambda t: pipeline(t, batch=1),
    "BERT-base pipeline, batch 16": lambda t: pipeline(t, batch=16),
}
"""By the name the table shows; the first is what the others are compared with."""
