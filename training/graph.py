"""A graph in the making: nodes and constants, added one by one."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["Graph"]


class Graph:
    """Nodes and constants in the order they are added; names are made up as needed."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        """The name of a stored value."""
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
        """The name of what an operator makes of its inputs (names; "": left out)."""
        name = output or f"{operator}_{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [name], domain=domain, **attributes)
        self.nodes.append(node)
        return name

    def split(self, value: str, parts: int, sizes: str | None = None) -> list[str]:
        """The names of the parts of a value along its last axis: equal ones, or of `sizes`."""
        names = [f"Split_{len(self.nodes)}_{part}" for part in range(parts)]
        if sizes is None:
            node = helper.make_node("Split", [value], names, axis=-1, num_outputs=parts)
        else:
            node = helper.make_node("Split", [value, sizes], names, axis=-1)
        self.nodes.append(node)
        return names
