"""An encoder's ONNX graph, made from its published weights without torch.

The graph maps token ids to the named hidden states `hidden_0` (embeddings) ... `hidden_<layers>`.
Weights are int8, with a scale for each column; activations are quantised per run (onnxruntime's
DynamicQuantizeMatMul). Before most products, channels with outliers are scaled down and the
weights' rows scaled up by as much (Xiao et al., SmoothQuant, 2023), which halves the error. Before
the outer product of each block a few channels reach much further than that can mend: they are
computed in full (Dettmers et al., LLM.int8(), 2022) and their weights stored in 16 bits.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tagger import InputError
from training.graph import Graph

__all__ = ["Architecture", "build_encoder", "channel_peaks"]

Floats = NDArray[np.float32]

_MICROSOFT = "com.microsoft"
_SMOOTHING = 0.85
"""Share of an outlier that moves from activations to weights (SmoothQuant's alpha)."""

_LARGEST_WEIGHT = 63
"""Weights of products use 7 bits: with 8, processors without VNNI overflow 16-bit partial sums of
u8 x s8 products, and scores would differ between machines."""

_FULL_SHARE = 1 / 24
"""Of the channels before an outer product: those computed in full."""


class Architecture:
    """Sizes of a BERT encoder, as its `config.json` gives them."""

    def __init__(self, config: Mapping[str, object]) -> None:
        if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
            raise InputError("config.json: only BERT encoders with GELU can be built")
        self.layers = int(str(config["num_hidden_layers"]))
        self.heads = int(str(config["num_attention_heads"]))
        self.width = int(str(config["hidden_size"]))
        self.epsilon = float(str(config["layer_norm_eps"]))


class _Builder:
    def __init__(
        self,
        weights: Mapping[str, Floats],
        architecture: Architecture,
        peaks: Sequence[Floats] | None,
    ) -> None:
        self.graph = Graph()
        self._weights = weights
        self._architecture = architecture
        self._peaks = peaks
        self.products: list[str] = []  # inputs of the matrix products, in order

    def hidden_states(self) -> list[str]:
        states = [self._embeddings()]
        mask = self.graph.add("Cast", "attention_mask", to=TensorProto.INT32)
        for layer in range(self._architecture.layers):
            prefix = f"encoder.layer.{layer}."
            attended = self._attention(states[-1], mask, prefix + "attention.")
            outer = self._feed_forward(attended, prefix)
            name = f"hidden_{layer + 1}"
            states.append(self._add_and_norm(outer, attended, prefix + "output.LayerNorm", name))
        return states

    def _embeddings(self) -> str:
        graph = self.graph
        words = self._weights["embeddings.word_embeddings.weight"]
        positions = (
            self._weights["embeddings.position_embeddings.weight"]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        zero = graph.constant(np.zeros(1, np.int64))
        length = graph.add("Shape", "input_ids", start=1, end=2)
        position = graph.add("Slice", graph.constant(positions), zero, length, zero)
        if self._peaks is None:
            word = graph.add("Gather", graph.constant(words), "input_ids")
        else:
            rows, scales = _quantised(words.T, 127)
            row = graph.add("Gather", graph.constant(rows.T), "input_ids")
            scale = graph.add("Gather", graph.constant(scales[:, None]), "input_ids")
            word = graph.add("Mul", graph.add("Cast", row, to=TensorProto.FLOAT), scale)
        return self._add_and_norm(word, position, "embeddings.LayerNorm", "hidden_0")

    def _attention(self, state: str, mask: str, prefix: str) -> str:
        graph = self.graph
        parts = [self._dense(f"{prefix}self.{name}") for name in ("query", "key", "value")]
        matrices, biases = zip(*parts, strict=True)  # they share their input: one product
        projected = self._linear(state, np.concatenate(matrices, axis=1), np.concatenate(biases))
        query, key, value = graph.split(projected, 3)
        heads = self._architecture.heads
        mixed = graph.add(
            "MultiHeadAttention", query, key, value, "", mask, domain=_MICROSOFT, num_heads=heads
        )
        output = self._linear(mixed, *self._dense(prefix + "output.dense"))
        return self._add_and_norm(output, state, prefix + "output.LayerNorm")

    def _feed_forward(self, state: str, prefix: str) -> str:
        """With the channels in between in the order of their peaks: the last reach furthest."""
        inner, inner_bias = self._dense(prefix + "intermediate.dense")
        outer, outer_bias = self._dense(prefix + "output.dense")
        full = 0
        if self._peaks is not None:
            order = np.argsort(self._peaks[len(self.products) + 1], kind="stable")
            inner, inner_bias, outer = inner[:, order], inner_bias[order], outer[order]
            full = max(1, round(_FULL_SHARE * len(order)))
        between = self._linear(state, inner, inner_bias)
        between = self.graph.add("Gelu", between, domain=_MICROSOFT)
        return self._linear(between, outer, outer_bias, full=full)

    def _dense(self, name: str) -> tuple[Floats, Floats]:
        return self._weights[name + ".weight"].T, self._weights[name + ".bias"]

    def _linear(self, value: str, matrix: Floats, bias: Floats, *, full: int = 0) -> str:
        """value @ matrix + bias; the product of the last `full` channels is never rounded."""
        graph = self.graph
        peaks = None if self._peaks is None else self._peaks[len(self.products)]
        self.products.append(value)
        if peaks is None:
            product = graph.add("MatMul", value, graph.constant(matrix))
            return graph.add("Add", product, graph.constant(bias))
        if not full:
            smooth = _smoothing(peaks, matrix)
            value = graph.add("Mul", value, graph.constant((1 / smooth).astype(np.float32)))
            return self._rounded(value, matrix * smooth[:, None], bias)
        sizes = graph.constant(np.array([len(matrix) - full, full], np.int64))
        near, far = graph.split(value, 2, sizes)
        weights = graph.constant(matrix[-full:].astype(np.float16))
        weights = graph.add("Cast", weights, to=TensorProto.FLOAT)  # once, when loaded
        product = self._rounded(near, matrix[:-full], bias)
        return graph.add("Add", product, graph.add("MatMul", far, weights))

    def _rounded(self, value: str, matrix: Floats, bias: Floats) -> str:
        graph = self.graph
        columns, scales = _quantised(matrix, _LARGEST_WEIGHT)
        factors = graph.constant(columns), graph.constant(scales), "", graph.constant(bias)
        return graph.add("DynamicQuantizeMatMul", value, *factors, domain=_MICROSOFT)

    def _add_and_norm(self, left: str, right: str, name: str, output: str | None = None) -> str:
        return self.graph.add(
            "LayerNormalization",
            self.graph.add("Add", left, right),
            self.graph.constant(self._weights[name + ".weight"]),
            self.graph.constant(self._weights[name + ".bias"]),
            output=output,
            axis=-1,
            epsilon=self._architecture.epsilon,
        )


def build_encoder(
    weights: Mapping[str, Floats],
    architecture: Architecture,
    peaks: Sequence[Floats] | None = None,
    *,
    expose: bool = False,
) -> onnx.ModelProto:
    """The encoder as a graph: int64 `input_ids` and `attention_mask` (batch, tokens) to float32
    `hidden_<n>` (batch, tokens, width).

    weights  tensors by their names in the published checkpoint
    peaks    of `channel_peaks`; None: the graph stays in full precision
    expose   also give out the inputs of the products, in order
    """
    builder = _Builder(weights, architecture, peaks)
    states = builder.hidden_states()
    shape = ["batch", "tokens"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask")
    ]
    names = dict.fromkeys([*states, *(builder.products if expose else ())])
    outputs = [
        helper.make_tensor_value_info(
            name, TensorProto.FLOAT, [*shape, architecture.width] if name in states else None
        )
        for name in names
    ]
    graph = helper.make_graph(
        builder.graph.nodes, "encoder", inputs, outputs, builder.graph.constants
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def channel_peaks(
    weights: Mapping[str, Floats], architecture: Architecture, token_ids: Sequence[Sequence[int]]
) -> list[Floats]:
    """The highest absolute value of each channel before each product, over sample windows (token
    ids with their special tokens): one array a product, in order."""
    builder = _Builder(weights, architecture, None)
    builder.hidden_states()
    model = build_encoder(weights, architecture, expose=True)
    session = ort.InferenceSession(model.SerializeToString())
    peaks: list[Floats] = []
    for ids in token_ids:
        row = np.array([ids], np.int64)
        feed = {"input_ids": row, "attention_mask": np.ones_like(row)}
        found = [np.abs(v[0]).max(axis=0) for v in session.run(builder.products, feed)]
        peaks = [np.maximum(a, b) for a, b in zip(peaks, found, strict=True)] if peaks else found
    return peaks


def _smoothing(peaks: Floats, matrix: Floats) -> Floats:
    rows = np.maximum(np.abs(matrix).max(axis=1), 1e-4)
    scale = np.maximum(peaks, 1e-3) ** _SMOOTHING / rows ** (1 - _SMOOTHING)
    return np.asarray(scale / np.exp(np.log(scale).mean()), np.float32)


def _quantised(matrix: Floats, largest: int) -> tuple[NDArray[np.int8], Floats]:
    """int8 values of at most `largest`, and the scale of each column."""
    scales = np.abs(matrix).max(axis=0) / largest
    scales[scales == 0] = 1
    return np.round(matrix / scales).astype(np.int8), scales.astype(np.float32)
