"""Target layers in the order in which a network computes them, from the input to the output."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def by_depth(module: "nn.Module", layers: Mapping[str, str]) -> dict[str, str]:
    """Sort target layers from the input to the output.

    The networks of the zoo register their modules in the order in which these run; a module's output is there when its
    last child has run. Names of the same layer stay in their order.

    Parameters
    ----------
    module
        The network.
    layers
        Name -> dotted path of a submodule.
    """
    places = {path: place for place, path in enumerate(_finished(module, ""))}
    return dict(sorted(layers.items(), key=lambda layer: places[layer[1]]))


def distinct(layers: Mapping[str, str], preferred: str) -> dict[str, str]:
    """Leave one name for each layer: the preferred one, else the first.

    Examples
    --------
    >>> distinct({"last_conv": "a.conv2", "conv2": "a.conv2", "norm5": "norm"}, "conv2")
    {'conv2': 'a.conv2', 'norm5': 'norm'}
    """
    names: dict[str, str] = {}
    for name, path in layers.items():
        names[path] = preferred if layers.get(preferred) == path else names.get(path, name)
    return {name: path for path, name in names.items()}


def _finished(module: "nn.Module", path: str) -> Iterator[str]:
    for name, child in module.named_children():
        yield from _finished(child, f"{path}.{name}" if path else name)
    yield path
