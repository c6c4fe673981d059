"""Changes of an image that leave its content as it was: a flip, and shifts by a few pixels; and how a map follows back.

A map of the changed image is brought back pixel by pixel at input resolution. A shift pushes pixels out on one side and
repeats the border on the other; only the pixels that both images have, the *valid region*, are compared.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from case_saliency.diagnostic.topk import FloatArray
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Augmentation:
    """A horizontal flip (`mirrored`), or a shift of the content `down` and to the `right` (pixels, may be negative)."""

    name: str
    mirrored: bool = False
    down: int = 0
    right: int = 0

    def image_id(self, image_id: str) -> str:
        """Return the changed image's own name: methods that draw noise for an image draw other noise for it."""
        return f"{image_id}@{self.name}"

    def apply(self, images: "torch.Tensor") -> "torch.Tensor":
        """Return the changed images (N, C, H, W): pixel (y, x) is the original's (y - down, x - right), clamped."""
        height, width = images.shape[-2:]
        columns = np.clip(np.arange(width) - self.right, 0, width - 1)
        if self.mirrored:
            columns = columns[::-1]
        rows = np.clip(np.arange(height) - self.down, 0, height - 1)
        return images[..., rows.tolist(), :][..., columns.tolist()]

    def valid(self, values: FloatArray) -> FloatArray:
        """Cut values (..., H, W) at the original's pixels to the valid region.

        Examples
        --------
        >>> Augmentation("right", right=1).valid(np.array([[1, 2, 3]]))
        array([[1, 2]])
        """
        return values[..., _overlap(values.shape[-2], self.down), _overlap(values.shape[-1], self.right)]

    def undone(self, values: FloatArray) -> FloatArray:
        """Bring values (..., H, W) at the changed image's pixels back to the original's, cut to the valid region.

        Examples
        --------
        >>> Augmentation("right", right=1).undone(np.array([[1, 1, 2]])), Augmentation("flip", True).undone([[1, 2]])
        (array([[1, 2]]), array([[2, 1]]))
        """
        values = np.asarray(values)
        if self.mirrored:
            values = values[..., ::-1]
        return values[..., _overlap(values.shape[-2], -self.down), _overlap(values.shape[-1], -self.right)]


def augmentations(shift: int, size: tuple[int, int]) -> tuple[Augmentation, ...]:
    """Return the flip and the shifts of images of `size` (H, W) by `shift` pixels to each of four sides.

    Raises
    ------
    CaseSaliencyError
        If a shift leaves less than half of the image.
    """
    if not 1 <= shift <= min(size) // 2:
        raise CaseSaliencyError(
            f"reliability.shift: {shift} found, images are {size[0]} x {size[1]} pixels; use 1 to {min(size) // 2}"
        )
    return (
        Augmentation("flip", mirrored=True),
        Augmentation("left", right=-shift),
        Augmentation("right", right=shift),
        Augmentation("up", down=-shift),
        Augmentation("down", down=shift),
    )


def _overlap(length: int, shift: int) -> slice:
    """Return the positions p of 0 .. length - 1 for which p + shift is one of them too."""
    return slice(max(0, -shift), length - max(0, shift))
