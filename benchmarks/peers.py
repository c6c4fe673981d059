"""The same maps by other means: pytorch-grad-cam, one call for each map, and CASE as its authors go about it."""

import contextlib
import io
from collections.abc import Callable

import numpy as np
import pytorch_grad_cam as library
import torch
from numpy.typing import NDArray
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget, ClassifierOutputTarget

from benchmarks.networks import Subject

CAMS = (
    library.GradCAM,
    library.GradCAMPlusPlus,
    library.HiResCAM,
    library.XGradCAM,
    library.LayerCAM,
    library.EigenCAM,
)
SUBSET = 128
"""Channels on which methods that need minutes for a map are timed."""


def gradient_maps(subject: Subject) -> None:
    """Draw every gradient map that the library has, and CASE, image by image and class by class."""
    with _quiet():
        module = subject.module.get_submodule(subject.layer)
        for image, classes in zip(subject.images, subject.classes.tolist(), strict=True):
            for index in classes:
                targets = [ClassifierOutputTarget(index)]
                for cam in CAMS:
                    with cam(subject.module, [module]) as draw:
                        draw(image[None], targets)
                with library.GradCAM(subject.module, [module]) as draw:
                    draw(image[None], [ClassifierOutputSoftmaxTarget(index)])
                with library.FinerCAM(subject.module, [module]) as draw:
                    draw(image[None], target_idx=index)
                authors_case(subject, image, index)


def authors_case(subject: Subject, image: torch.Tensor, index: int, k: int = 3) -> torch.Tensor:
    """Draw pooled CASE: a forward and a backward pass for the class, and again for each contrast class."""
    ranked = subject.module(image[None])[0].argsort(descending=True).tolist()
    members = [c for c in ranked if c != index][:k]
    activations, own = _channel_weights(subject, image, index)
    mean = torch.stack([_channel_weights(subject, image, c)[1] for c in members]).mean(0)
    left = own - (own @ mean) / (mean @ mean + 1e-30) * mean
    return torch.einsum("c,chw->hw", left, activations).clamp(min=0)


def ablation_subset(subject: Subject) -> Callable[[], object]:
    """Return a call of the library's Ablation-CAM for one map of the first image, on `SUBSET` channels."""

    class FirstChannels(AblationLayer):  # type: ignore[misc]
        def activations_to_be_ablated(
            self, _activations: NDArray[np.float32], _ratio_channels_to_ablate: float = 1.0
        ) -> NDArray[np.int32]:
            self.indices = np.arange(SUBSET, dtype=np.int32)
            return self.indices

    def call() -> None:
        module = subject.module.get_submodule(subject.layer)
        with _quiet(), library.AblationCAM(subject.module, [module], ablation_layer=FirstChannels()) as draw:
            draw(subject.images[:1], [ClassifierOutputTarget(int(subject.classes[0, 0]))])

    return call


def score_subset(subject: Subject) -> Callable[[], object]:
    """Return a call of the library's Score-CAM for one map of the first image, on `SUBSET` channels."""

    def call() -> None:
        module = subject.module.get_submodule(subject.layer)
        targets = [ClassifierOutputTarget(int(subject.classes[0, 0]))]
        with _quiet(), torch.no_grad(), library.ScoreCAM(subject.module, [module]) as draw:
            draw.activations_and_grads(subject.images[:1])
            activations = draw.activations_and_grads.activations[0][:, :SUBSET].numpy()
            draw.get_cam_weights(subject.images[:1], module, targets, activations, None)

    return call


def _channel_weights(subject: Subject, image: torch.Tensor, index: int) -> tuple[torch.Tensor, torch.Tensor]:
    kept: list[torch.Tensor] = []
    module = subject.module.get_submodule(subject.layer)
    handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    score = subject.module(image[None])[0, index]
    handle.remove()
    (gradient,) = torch.autograd.grad(score, kept[0])
    return kept[0][0].detach(), gradient[0].mean((1, 2))


def _quiet() -> contextlib.AbstractContextManager[object]:
    """Hide the library's progress bars."""
    return contextlib.redirect_stderr(io.StringIO())
