"""Cut a network behind a layer into a trunk and a tail, so that the tail can be run again alone.

The network is traced with torch.fx, looking only into the modules that contain the layer. Whatever is computed before
the layer and still needed behind it (33 tensors at DenseNet-201's last layer) is carried across the cut.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn


@dataclass(frozen=True)
class Cut:
    """Two halves of a network.

    `trunk` maps images to a tuple: the layer's output, then the live tensors; `tail` takes these in the same order and
    returns the logits.
    """

    trunk: fx.GraphModule
    tail: fx.GraphModule


class NotTraceableError(Exception):
    """The network cannot be cut: its forward pass depends on values, or the cut halves do not repeat it."""


def cut(module: nn.Module, path: str, images: Tensor) -> Cut:
    """Cut `module`, in evaluation mode, behind the submodule at `path`.

    Parameters
    ----------
    images
        At least one image (n, 3, H, W): the halves are compared with the whole on them.

    Raises
    ------
    NotTraceableError
        If tracing fails, or the halves give other logits.
    """
    try:
        graph = _LayerTracer(path).trace(module)
        whole = fx.GraphModule(module, graph)
        (layer,) = [node for node in whole.graph.nodes if node.op == "call_module" and node.target == path]
        kinds = _Kinds(whole)
        with torch.no_grad():
            kinds.run(images[:1].clone())
        halves = _split(module, whole.graph, layer, kinds.tensors)
        _check(module, halves, images[:1])
    # Tracing runs the model's own code on stand-ins for tensors: whatever it raises means that it does not trace.
    except Exception as error:
        raise NotTraceableError(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    return halves


class _LayerTracer(fx.Tracer):
    """Looks into the modules that contain the layer, and takes all others, and the layer itself, as one step."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:  # noqa: ARG002 (fx's signature)
        return not self._path.startswith(f"{module_qualified_name}.")


class _Kinds(fx.Interpreter):
    """Runs a graph and notes which nodes are tensors."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.tensors: set[fx.Node] = set()

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor):
            self.tensors.add(n)
        return value


def _split(module: nn.Module, graph: fx.Graph, layer: fx.Node, tensors: set[fx.Node]) -> Cut:
    behind = _behind(graph, layer, tensors)
    used = {source for node in behind for source in node.all_input_nodes}
    live = [node for node in graph.nodes if node in used and node not in behind and node.op != "get_attr"]
    live = [layer, *(node for node in live if node is not layer)]

    trunk, tail = fx.Graph(), fx.Graph()
    before: dict[fx.Node, fx.Node] = {}
    after: dict[fx.Node, fx.Node] = {node: tail.placeholder(f"live_{i}") for i, node in enumerate(live)}
    for node in graph.nodes:
        if node.op != "output" and (node not in behind or node.op == "get_attr"):
            before[node] = trunk.node_copy(node, before.__getitem__)
        if node in behind or node.op == "get_attr":
            after[node] = tail.node_copy(node, after.__getitem__)
    trunk.output(tuple(before[node] for node in live))
    return Cut(fx.GraphModule(module, trunk), fx.GraphModule(module, tail))


def _behind(graph: fx.Graph, layer: fx.Node, tensors: set[fx.Node]) -> set[fx.Node]:
    """Return the nodes of the tail: what depends on the layer, and what is no tensor and needed there.

    Numbers (such as the batch size) and shapes are computed again in the tail, for the tail's own batch.
    """
    behind: set[fx.Node] = set()
    for node in graph.nodes:
        if any(source is layer or source in behind for source in node.all_input_nodes):
            behind.add(node)
    for node in reversed(graph.nodes):
        computed = node.op not in {"placeholder", "get_attr", "output"}
        if computed and node not in tensors and any(user in behind for user in node.users):
            behind.add(node)
    return behind


def _check(module: nn.Module, halves: Cut, images: Tensor) -> None:
    """Compare with the whole network, in a batch of two copies as the tail will see them."""
    with torch.no_grad():
        expected = module(images.clone())
        values = halves.trunk(images.clone())
        found = halves.tail(values[0].repeat(2, *[1] * (values[0].ndim - 1)), *spread(values[1:], 0, 1, 2))
    torch.testing.assert_close(found, expected.repeat(2, 1), rtol=1e-3, atol=1e-4)


def spread(values: Iterable[Tensor], index: int, batch: int, rows: int) -> list[Tensor]:
    """Repeat image `index` of values that were computed for `batch` images `rows` times, without copying.

    A value without a batch axis of that length serves all images alike and is passed as it is.
    """
    return [
        value[index : index + 1].expand(rows, *value.shape[1:]) if value.ndim and len(value) == batch else value
        for value in values
    ]
