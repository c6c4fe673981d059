"""A network from its specification: built by the function that the zoo or params.yaml names, and tried."""

import difflib
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from case_saliency.errors import CaseSaliencyError
from case_saliency.models.spec import ModelSpec

if TYPE_CHECKING:
    from torch import nn


def build(spec: ModelSpec, n_classes: int) -> "nn.Module":
    """Return the network with random weights, drawn from torch's own random numbers.

    Raises
    ------
    CaseSaliencyError
        If the builder returns no network, or one without the specified target layers.
    """
    from torch import nn

    network = resolve_name(spec.builder)(spec.architecture, n_classes)
    if not isinstance(network, nn.Module):
        raise CaseSaliencyError(
            f"model {spec.name}: {spec.builder} gave {type(network).__name__}, a torch.nn.Module expected; return one"
        )
    paths = [path for path, _ in network.named_modules() if path]
    for name, path in spec.target_layers.items():
        if path not in paths:
            near = difflib.get_close_matches(path, paths, n=3) or paths[:3]
            raise CaseSaliencyError(
                f"model {spec.name}: target layer {name!r} is {path!r}, and the network has no such module; modules "
                f"of it are {', '.join(near)}"
            )
    return network


def seeded(spec: ModelSpec, n_classes: int) -> "nn.Module":
    """As `build`, from the same random numbers each time."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(spec, n_classes)


def check(spec: ModelSpec, network: "nn.Module", n_classes: int) -> None:
    """Pass a black image through the network, which is left as it was found.

    Raises
    ------
    CaseSaliencyError
        If it fails, or does not give one logit for each class.
    """
    import torch

    size, mode = spec.transform.input_size, network.training
    try:
        with torch.inference_mode():
            found = tuple(network.eval()(torch.zeros(1, 3, size, size)).shape)
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaseSaliencyError(
            f"model {spec.name}: an image of 3 x {size} x {size} does not pass ({reason}); check builder and input_size"
        ) from error
    finally:
        network.train(mode)
    if found != (1, n_classes):
        raise CaseSaliencyError(
            f"model {spec.name}: logits of shape {found} found for one image, (1, {n_classes}) expected; let the "
            "builder return a classifier of as many classes as it is called with"
        )
