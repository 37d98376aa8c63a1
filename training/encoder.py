"""An encoder's ONNX graph, made from its published weights without torch.

The graph maps token ids to the named hidden states `hidden_0` (embeddings) ... `hidden_<layers>`.
It is stored small and computes in full: matrices in 16 bits, the rows of word embeddings in 8, both
made float32 again, the first once when the graph is loaded. Products in int8 were twice as fast and
cost more than a point of FLC (EXPERIMENTS.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tagger import InputError

__all__ = ["Architecture", "build_encoder"]

Floats = NDArray[np.float32]

_MICROSOFT = "com.microsoft"


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
        self, weights: Mapping[str, Floats], architecture: Architecture, small: bool
    ) -> None:
        self.graph = _Graph()
        self._weights = weights
        self._architecture = architecture
        self._small = small

    def hidden_states(self) -> list[str]:
        states = [self._embeddings()]
        mask = self.graph.add("Cast", "attention_mask", to=TensorProto.INT32)
        for layer in range(self._architecture.layers):
            prefix = f"encoder.layer.{layer}."
            attended = self._attention(states[-1], mask, prefix + "attention.")
            inner = self._linear(attended, [prefix + "intermediate.dense"])
            inner = self.graph.add("Gelu", inner, domain=_MICROSOFT)
            outer = self._linear(inner, [prefix + "output.dense"])
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
        if self._small:
            scales = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-8) / 127
            rows = np.round(words / scales).astype(np.int8)
            row = graph.add("Gather", graph.constant(rows), "input_ids")
            scale = graph.add("Gather", graph.constant(scales), "input_ids")
            word = graph.add("Mul", graph.add("Cast", row, to=TensorProto.FLOAT), scale)
        else:
            word = graph.add("Gather", graph.constant(words), "input_ids")
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

    def _linear(self, value: str, names: Sequence[str]) -> str:
        """value @ weight.T + bias; several weights that share their input become one."""
        graph = self.graph
        matrix = np.concatenate([self._weights[name + ".weight"] for name in names]).T
        bias = graph.constant(np.concatenate([self._weights[name + ".bias"] for name in names]))
        if self._small:
            stored = graph.constant(matrix.astype(np.float16))
            factor = graph.add("Cast", stored, to=TensorProto.FLOAT)
        else:
            factor = graph.constant(matrix)
        return graph.add("Add", graph.add("MatMul", value, factor), bias)

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
    weights: Mapping[str, Floats], architecture: Architecture, *, small: bool = True
) -> onnx.ModelProto:
    """The encoder as a graph: int64 `input_ids` and `attention_mask` (batch, tokens) to float32
    `hidden_<n>` (batch, tokens, width).

    weights  tensors by their names in the published checkpoint
    small    store matrices in 16 bits and word embeddings in 8; else all as it is
    """
    builder = _Builder(weights, architecture, small)
    states = builder.hidden_states()
    shape = ["batch", "tokens"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask")
    ]
    width = architecture.width
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [*shape, width]) for name in states
    ]
    graph = helper.make_graph(
        builder.graph.nodes, "encoder", inputs, outputs, builder.graph.constants
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)
