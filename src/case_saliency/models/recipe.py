"""How a network is trained: the section `training` of params.yaml, for one data set and model. Imports no torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from case_saliency.errors import CaseSaliencyError

Optimiser = Literal["sgd", "adamw"]
Schedule = Literal["one_cycle", "cosine"]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes
    ----------
    epochs
        Passes over the training images.
    batch_size
        Images of one step.
    optimiser
        `sgd` (Nesterov momentum 0.9) or `adamw`.
    learning_rate
        The largest one.
    schedule
        `one_cycle`: from 1/25 of the largest rate up to it and down to zero, along cosines; `cosine`: down from the
        largest rate to zero.
    warm_up
        Share of the steps in which `one_cycle` rises.
    weight_decay
        Of all weights.
    label_smoothing
        Share of the target probability that is spread over all classes, 0 to below 1.
    crop_padding
        Black pixels added on each side before a random crop of the input's size; 0: no crop.
    flip
        Mirror half of the training images, drawn anew in each epoch. Not for digits.
    """

    epochs: int
    batch_size: int
    optimiser: Optimiser
    learning_rate: float
    schedule: Schedule
    warm_up: float
    weight_decay: float
    label_smoothing: float
    crop_padding: int
    flip: bool

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Recipe":
        """Return the recipe of `fields`; a missing or unknown one is an error."""
        try:
            return cls(**fields)
        except TypeError as error:
            raise CaseSaliencyError(f"training: fields {sorted(fields)} found; {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return asdict(self)
