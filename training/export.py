"""Fitted classifiers become ONNX graphs over the encoder's hidden states.

Scaling is folded into the weights. A linear map of (token, token before, token after, window mean)
is computed as one product of the token's states, whose parts are then shifted by a row: the
features themselves are never laid out.
"""

from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tagger import NUMBERS, REPEATS
from training.features import LAYERS
from training.shift import Linear
from training.tokens import TokenClassifiers

__all__ = ["Classifiers", "fragments_graph", "head_graph", "read_fragments", "read_head"]

_OPSET = 18


class Classifiers(Protocol):
    """What can be exported: a linear map of unscaled features."""

    def weights(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(features, columns) and (columns,)."""


def head_graph(classifiers: Classifiers) -> onnx.ModelProto:
    """`head.onnx`: hidden states (tokens, width) and `repeats` (tokens, 3) to `probabilities`
    (tokens, labels + 1)."""
    weights, bias = classifiers.weights()
    states, repeats = weights[: -len(REPEATS)], weights[-len(REPEATS) :]
    own, before, after, mean = np.split(states, 4)
    outputs = weights.shape[1]
    constants: dict[str, NDArray[Any]] = {
        "weights": np.concatenate([own, before, after], axis=1),
        "mean_weights": mean,
        "repeats_weights": repeats,
        "bias": bias,
        "parts": np.array([outputs] * 3, np.int64),
        "edge": np.zeros((1, outputs), np.float32),
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "minus_one": np.array([-1], np.int64),
        "end": np.array([np.iinfo(np.int64).max], np.int64),
    }
    nodes = [
        helper.make_node("Concat", LAYERS, ["states"], axis=1),
        helper.make_node("MatMul", ["states", "weights"], ["products"]),
        helper.make_node("Split", ["products", "parts"], ["own", "before", "after"], axis=1),
        helper.make_node("Slice", ["before", "zero", "minus_one", "zero"], ["all_but_last"]),
        helper.make_node("Concat", ["edge", "all_but_last"], ["from_before"], axis=0),
        helper.make_node("Slice", ["after", "one", "end", "zero"], ["all_but_first"]),
        helper.make_node("Concat", ["all_but_first", "edge"], ["from_after"], axis=0),
        helper.make_node("ReduceMean", ["states", "zero"], ["mean"]),
        helper.make_node("Gemm", ["mean", "mean_weights", "bias"], ["from_mean"]),
        helper.make_node("MatMul", ["repeats", "repeats_weights"], ["from_repeats"]),
        helper.make_node(
            "Sum",
            ["own", "from_before", "from_after", "from_mean", "from_repeats"],
            ["decisions"],
        ),
        helper.make_node("Sigmoid", ["decisions"], ["probabilities"]),
    ]
    given = helper.make_tensor_value_info("repeats", TensorProto.FLOAT, ["tokens", len(REPEATS)])
    return _model("head", nodes, constants, _states(states), [given], outputs)


def read_head(graph: onnx.ModelProto) -> TokenClassifiers:
    """The classifiers that `head_graph` wrote."""
    held = {each.name: numpy_helper.to_array(each) for each in graph.graph.initializer}
    parts = [*np.split(held["weights"], 3, axis=1), held["mean_weights"], held["repeats_weights"]]
    return TokenClassifiers.from_weights(np.concatenate(parts), held["bias"])


def fragments_graph(classifier: Classifiers) -> onnx.ModelProto:
    """`fragments.onnx`: hidden states, `bounds` (n, 2), half-open token positions, and `numbers`
    (n, NUMBERS) to `probabilities` (n, labels)."""
    weights, bias = classifier.weights()
    constants: dict[str, NDArray[Any]] = {
        "weights": weights[:-NUMBERS],
        "number_weights": weights[-NUMBERS:],
        "bias": bias,
        "zero": np.array([0], np.int64),
        "one": np.array(1, np.int64),
        "columns": np.array([1], np.int64),
        "parts": np.array([1, 1], np.int64),
        "row": np.array(0, np.int64),
    }
    nodes = [
        helper.make_node("Concat", LAYERS, ["states"], axis=1),
        helper.make_node("Split", ["bounds", "parts"], ["first", "past"], axis=1),
        helper.make_node("Squeeze", ["first", "columns"], ["firsts"]),
        helper.make_node("Squeeze", ["past", "columns"], ["pasts"]),
        helper.make_node("Sub", ["pasts", "one"], ["lasts"]),
        helper.make_node("CumSum", ["states", "row"], ["until"]),
        helper.make_node("CumSum", ["states", "row"], ["before"], exclusive=1),
        helper.make_node("Gather", ["until", "lasts"], ["until_last"]),
        helper.make_node("Gather", ["before", "firsts"], ["before_first"]),
        helper.make_node("Sub", ["until_last", "before_first"], ["sums"]),
        helper.make_node("Sub", ["past", "first"], ["counts"]),
        helper.make_node("Cast", ["counts"], ["lengths"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["sums", "lengths"], ["fragment_mean"]),
        helper.make_node("Gather", ["states", "firsts"], ["first_state"]),
        helper.make_node("Gather", ["states", "lasts"], ["last_state"]),
        helper.make_node("ReduceMean", ["states", "zero"], ["mean"]),
        helper.make_node("Shape", ["fragment_mean"], ["shape"]),
        helper.make_node("Expand", ["mean", "shape"], ["window_mean"]),
        helper.make_node(
            "Concat",
            ["fragment_mean", "first_state", "last_state", "window_mean"],
            ["features"],
            axis=1,
        ),
        helper.make_node("MatMul", ["numbers", "number_weights"], ["from_numbers"]),
        helper.make_node("Gemm", ["features", "weights", "bias"], ["from_features"]),
        helper.make_node("Add", ["from_features", "from_numbers"], ["decisions"]),
        helper.make_node("Softmax", ["decisions"], ["probabilities"], axis=1),
    ]
    bounds = helper.make_tensor_value_info("bounds", TensorProto.INT64, ["fragments", 2])
    numbers = helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["fragments", NUMBERS])
    states = _states(weights[:-NUMBERS])
    return _model("fragments", nodes, constants, states, [bounds, numbers], len(bias))


def read_fragments(graph: onnx.ModelProto) -> Linear:
    """The classifiers that `fragments_graph` wrote."""
    held = {each.name: numpy_helper.to_array(each) for each in graph.graph.initializer}
    return Linear(np.concatenate([held["weights"], held["number_weights"]]), held["bias"])


def _states(weights: NDArray[np.float32]) -> list[onnx.ValueInfoProto]:
    width = weights.shape[0] // 4 // len(LAYERS)
    return [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", width]) for name in LAYERS
    ]


def _model(
    name: str,
    nodes: list[onnx.NodeProto],
    constants: dict[str, NDArray[Any]],
    states: list[onnx.ValueInfoProto],
    more: list[onnx.ValueInfoProto],
    outputs: int,
) -> onnx.ModelProto:
    result = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", outputs])
    stored = [
        numpy_helper.from_array(np.ascontiguousarray(value), key)
        for key, value in constants.items()
    ]
    graph = helper.make_graph(nodes, name, [*states, *more], [result], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model
