"""An encoder's ONNX graph, made from its published weights without torch.

The graph maps token ids to the named hidden states `hidden_0` (embeddings) ... `hidden_<layers>`.
Weights are int8, with a scale for each column; activations are quantised per run (onnxruntime's
DynamicQuantizeMatMul). Before each product, channels with outliers are scaled down and the
weights' rows scaled up by as much (Xiao et al., SmoothQuant, 2023), which halves the error. The
outer products of the lower blocks, where outliers are largest, are computed in full and stored in
16 bits.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tagger import InputError

__all__ = ["Architecture", "build_encoder", "channel_peaks"]

Floats = NDArray[np.float32]

_MICROSOFT = "com.microsoft"
_SMOOTHING = 0.85
"""Share of an outlier that moves from activations to weights (SmoothQuant's alpha)."""

_LARGEST_WEIGHT = 63
"""Weights of products use 7 bits: with 8, processors without VNNI overflow 16-bit partial sums of
u8 x s8 products, and scores would differ between machines."""


_FULL_SHARE = 2 / 3
"""Of the blocks, from below: those whose outer product is computed in full."""


class Architecture:
    """Sizes of a BERT encoder, as its `config.json` gives them."""

    def __init__(self, config: Mapping[str, object]) -> None:
        if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
            raise InputError("config.json: only BERT encoders with GELU can be built")
        self.layers = int(str(config["num_hidden_layers"]))
        self.heads = int(str(config["num_attention_heads"]))
        self.width = int(str(config["hidden_size"]))
        self.epsilon = float(str(config["layer_norm_eps"]))


class _Graph:
    """Nodes and constants in the order they are added; names are made up as needed."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(
        self,
        operator: str,
        *inputs: str,
        domain: str = "",
        output: str | None = None,
        **attributes: Any,
    ) -> str:
        name = output or f"{operator}_{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [name], domain=domain, **attributes)
        self.nodes.append(node)
        return name

    def split(self, value: str, parts: int) -> list[str]:
        names = [f"Split_{len(self.nodes)}_{part}" for part in range(parts)]
        node = helper.make_node("Split", [value], names, axis=-1, num_outputs=parts)
        self.nodes.append(node)
        return names


class _Builder:
    def __init__(
        self,
        weights: Mapping[str, Floats],
        architecture: Architecture,
        peaks: Sequence[Floats] | None,
    ) -> None:
        self.graph = _Graph()
        self._weights = weights
        self._architecture = architecture
        self._peaks = None if peaks is None else iter(peaks)
        self.products: list[str] = []  # inputs of the matrix products, in order

    def hidden_states(self) -> list[str]:
        states = [self._embeddings()]
        mask = self.graph.add("Cast", "attention_mask", to=TensorProto.INT32)
        for layer in range(self._architecture.layers):
            prefix = f"encoder.layer.{layer}."
            attended = self._attention(states[-1], mask, prefix + "attention.")
            inner = self._linear(attended, [prefix + "intermediate.dense"])
            inner = self.graph.add("Gelu", inner, domain=_MICROSOFT)
            rounded = layer >= _FULL_SHARE * self._architecture.layers
            outer = self._linear(inner, [prefix + "output.dense"], rounded=rounded)
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
        projected = self._linear(state, [f"{prefix}self.{n}" for n in ("query", "key", "value")])
        query, key, value = graph.split(projected, 3)
        heads = self._architecture.heads
        mixed = graph.add(
            "MultiHeadAttention", query, key, value, "", mask, domain=_MICROSOFT, num_heads=heads
        )
        output = self._linear(mixed, [prefix + "output.dense"])
        return self._add_and_norm(output, state, prefix + "output.LayerNorm")

    def _linear(self, value: str, names: Sequence[str], *, rounded: bool = True) -> str:
        """value @ weight.T + bias; several weights that share their input become one."""
        graph = self.graph
        matrix = np.concatenate([self._weights[name + ".weight"] for name in names]).T
        bias = graph.constant(np.concatenate([self._weights[name + ".bias"] for name in names]))
        if rounded:
            self.products.append(value)
        if self._peaks is None or not rounded:
            factor = graph.constant(matrix if self._peaks is None else matrix.astype(np.float16))
            if self._peaks is not None:
                factor = graph.add("Cast", factor, to=TensorProto.FLOAT)  # once, when loaded
            return graph.add("Add", graph.add("MatMul", value, factor), bias)
        smooth = _smoothing(next(self._peaks), matrix)
        value = graph.add("Mul", value, graph.constant((1 / smooth).astype(np.float32)))
        columns, scales = _quantised(matrix * smooth[:, None], _LARGEST_WEIGHT)
        return graph.add(
            "DynamicQuantizeMatMul",
            value,
            graph.constant(columns),
            graph.constant(scales),
            "",
            bias,
            domain=_MICROSOFT,
        )

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
    expose   also give out the inputs of the products that are rounded, in order
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
    """The highest absolute value of each channel before each rounded product, over sample windows
    (token ids with their special tokens): one array a product, in order."""
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
