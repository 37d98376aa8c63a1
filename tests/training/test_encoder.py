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
from training.encoder import Architecture, build_encoder, channel_peaks

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
    return session(build_encoder(bert.weights, bert.architecture))


@pytest.fixture(scope="module")
def quantised(bert: Any, rows: list[list[int]]) -> ort.InferenceSession:
    peaks = channel_peaks(bert.weights, bert.architecture, rows)
    return session(build_encoder(bert.weights, bert.architecture, peaks))


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


def test_int8_is_close(
    exact: ort.InferenceSession, quantised: ort.InferenceSession, rows: list[list[int]]
) -> None:
    for ids in rows:
        for name, found, own in zip(STATES, run(quantised, [ids]), run(exact, [ids]), strict=True):
            assert np.isfinite(found).all()
            error = np.linalg.norm(found - own) / np.linalg.norm(own)
            assert 0 < error < (0.01 if name == "hidden_0" else 0.05), (name, len(ids))


def test_int8_is_stored_as_such(bert: Any, rows: list[list[int]]) -> None:
    peaks = channel_peaks(bert.weights, bert.architecture, rows)
    graph = build_encoder(bert.weights, bert.architecture, peaks).graph
    stored = [onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer]
    products = [each for each in stored if each.dtype == np.int8 and each.shape[0] != VOCABULARY]
    full = [each for each in stored if each.dtype == np.float16]
    assert len(products) == len(peaks) == 4 * LAYERS
    assert len(full) == LAYERS  # of the channels of each outer product that reach furthest
    for number, (own, channels) in enumerate(zip(products, peaks, strict=True)):
        rest = len(full[number // 4]) if number % 4 == 3 else 0
        assert len(own) == len(channels) - rest
        assert rest < len(channels) / 10
    # 7 bits: sums of two products of 8-bit values overflow 16 bits on some processors.
    assert all(np.abs(each.astype(int)).max() == 63 for each in products)
    [words] = [each for each in stored if each.shape == (VOCABULARY, bert.architecture.width)]
    assert words.dtype == np.int8


def test_peaks_are_the_largest_inputs_of_the_products(bert: Any, rows: list[list[int]]) -> None:
    together = channel_peaks(bert.weights, bert.architecture, rows)
    apart = [channel_peaks(bert.weights, bert.architecture, [ids]) for ids in rows]
    for number, peaks in enumerate(together):
        np.testing.assert_array_equal(peaks, np.max([each[number] for each in apart], axis=0))
    states = [reference(bert.weights, bert.architecture.heads, ids)[0] for ids in rows]
    first = np.abs(np.concatenate(states)).max(axis=0)
    np.testing.assert_allclose(together[0], first, atol=1e-5)


def test_an_outlier_channel_costs_little(bert: Any, rows: list[list[int]]) -> None:
    weights = dict(bert.weights)
    name = "encoder.layer.0.output.LayerNorm.weight"
    weights[name] = weights[name].copy()
    weights[name][3] *= 40
    peaks = channel_peaks(weights, bert.architecture, rows)
    own = run(session(build_encoder(weights, bert.architecture)), [rows[2]])[-1]
    errors = []
    for given in (peaks, [np.ones_like(each) for each in peaks]):
        graph = build_encoder(weights, bert.architecture, given)
        errors.append(np.linalg.norm(run(session(graph), [rows[2]])[-1] - own))
    assert errors[0] < errors[1] / 1.5


def test_a_channel_that_reaches_far_before_an_outer_product_costs_little(
    bert: Any, rows: list[list[int]]
) -> None:
    weights = {name: value.copy() for name, value in bert.weights.items()}
    furthest = channel_peaks(weights, bert.architecture, rows)[3].argmax()
    for name in ("weight", "bias"):
        weights[f"encoder.layer.0.intermediate.dense.{name}"][furthest] *= 100
    weights["encoder.layer.0.output.dense.weight"][:, furthest] /= 100
    peaks = channel_peaks(weights, bert.architecture, rows)
    blind = [np.ones_like(each) if number == 3 else each for number, each in enumerate(peaks)]
    own = run(session(build_encoder(weights, bert.architecture)), [rows[2]])[-1]
    errors = []
    for given in (peaks, blind):
        graph = build_encoder(weights, bert.architecture, given)
        errors.append(np.linalg.norm(run(session(graph), [rows[2]])[-1] - own))
    assert errors[0] < errors[1] / 2


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
