"""The hand-built ONNX graph against BERT written down in numpy, and against transformers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from scipy.special import erf

from tagger import InputError
from training.encoder import Architecture, build_encoder

Floats = NDArray[np.float32]
LAYERS, VOCABULARY = 2, 50
STATES = [f"hidden_{layer}" for layer in range(LAYERS + 1)]
LENGTHS = (7, 1, 12, 190)


@pytest.fixture(scope="module")
def bert(make_bert: Callable[..., Any]) -> Any:
    return make_bert(LAYERS, VOCABULARY)


@pytest.fixture(scope="module")
def rows() -> list[list[int]]:
    random = np.random.default_rng(1)
    return [random.integers(0, VOCABULARY, length).tolist() for length in LENGTHS]


@pytest.fixture(scope="module")
def exact(bert: Any) -> ort.InferenceSession:
    return session(build_encoder(bert.weights, bert.architecture, small=False))


@pytest.fixture(scope="module")
def small(bert: Any) -> ort.InferenceSession:
    return session(build_encoder(bert.weights, bert.architecture))


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def run(encoder: ort.InferenceSession, ids: Any, mask: Any = None) -> list[Floats]:
    ids = np.array(ids, np.int64)
    mask = np.ones_like(ids) if mask is None else np.array(mask, np.int64)
    states: list[Floats] = encoder.run(STATES, {"input_ids": ids, "attention_mask": mask})
    return states


def reference(weights: Mapping[str, Floats], heads: int, ids: list[int]) -> list[Floats]:
    """Devlin et al., BERT, 2019: the states of one row of tokens, in double precision."""

    def norm(x: Any, name: str) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def dense(x: Any, name: str) -> Any:
        return x @ weights[f"{name}.weight"].T.astype(float) + weights[f"{name}.bias"]

    table = "embeddings.{}_embeddings.weight".format
    x = weights[table("word")][ids].astype(float)
    x = x + weights[table("position")][: len(ids)] + weights[table("token_type")][0]
    states = [norm(x, "embeddings.LayerNorm")]
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        x = states[-1]
        query, key, value = (
            np.split(dense(x, f"{name}.attention.self.{part}"), heads, axis=1)
            for part in ("query", "key", "value")
        )
        mixed = []
        for q, k, v in zip(query, key, value, strict=True):
            powers = np.exp(q @ k.T / np.sqrt(q.shape[1]))
            mixed.append(powers / powers.sum(axis=1, keepdims=True) @ v)
        attended = dense(np.concatenate(mixed, axis=1), f"{name}.attention.output.dense")
        x = norm(x + attended, f"{name}.attention.output.LayerNorm")
        inner = dense(x, f"{name}.intermediate.dense")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        states.append(norm(x + dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm"))
    return states


def test_full_precision_is_bert(
    bert: Any, exact: ort.InferenceSession, rows: list[list[int]]
) -> None:
    for ids in rows:
        expected = reference(bert.weights, bert.architecture.heads, ids)
        for found, own in zip(run(exact, [ids]), expected, strict=True):
            assert found.shape == (1, len(ids), bert.architecture.width)
            np.testing.assert_allclose(found[0], own, atol=1e-4)


def test_padding_is_not_attended_to(exact: ort.InferenceSession, rows: list[list[int]]) -> None:
    longest = max(LENGTHS)
    ids = [row + [9] * (longest - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
    batch = run(exact, ids, mask)
    for number, row in enumerate(rows):
        for together, alone in zip(batch, run(exact, [row]), strict=True):
            np.testing.assert_allclose(together[number, : len(row)], alone[0], atol=1e-5)
    blind = run(exact, ids)
    assert np.abs(blind[-1][0, :7] - batch[-1][0, :7]).max() > 0.01


def test_stored_small_it_is_close(
    exact: ort.InferenceSession, small: ort.InferenceSession, rows: list[list[int]]
) -> None:
    for ids in rows:
        for name, found, own in zip(STATES, run(small, [ids]), run(exact, [ids]), strict=True):
            error = np.linalg.norm(found - own) / np.linalg.norm(own)
            assert 0 < error < 0.01, (name, len(ids))


def test_matrices_are_stored_small(bert: Any) -> None:
    graph = build_encoder(bert.weights, bert.architecture).graph
    stored = [onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer]
    kinds = [each.dtype for each in stored if each.ndim == 2 and min(each.shape) > 1]
    assert kinds.count(np.dtype(np.float16)) == 4 * LAYERS
    assert kinds.count(np.dtype(np.int8)) == 1
    assert kinds.count(np.dtype(np.float32)) == 1  # positions


@pytest.mark.parametrize(
    "change", [{"model_type": "roberta"}, {"hidden_act": "relu"}, {"model_type": None}]
)
def test_other_encoders_are_refused(bert: Any, change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"config\.json: only BERT encoders with GELU"):
        Architecture(bert.config | change)
    with pytest.raises(InputError, match="only BERT"):
        Architecture({})


def test_transformers_agrees(bert: Any, exact: ort.InferenceSession, rows: list[list[int]]) -> None:
    torch = pytest.importorskip("torch", reason="torch comes with the extra `finetune` only")
    transformers = pytest.importorskip("transformers", reason="comes with the extra `finetune`")
    model = transformers.BertModel(
        transformers.BertConfig(**bert.config), add_pooling_layer=False
    ).eval()
    state = {name: torch.from_numpy(value) for name, value in bert.weights.items()}
    assert model.load_state_dict(state, strict=False).missing_keys == []
    longest = max(LENGTHS)
    ids = [row + [0] * (longest - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
    with torch.no_grad():
        expected = model(
            input_ids=torch.tensor(ids),
            attention_mask=torch.tensor(mask),
            output_hidden_states=True,
        ).hidden_states
    for found, own in zip(run(exact, ids, mask), expected, strict=True):
        for number, row in enumerate(rows):
            np.testing.assert_allclose(
                found[number, : len(row)], own[number, : len(row)].numpy(), atol=1e-4
            )
