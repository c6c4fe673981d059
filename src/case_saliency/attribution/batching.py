"""Cut batches into parts that fit into memory, and into smaller ones when they do not after all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from case_saliency.errors import CaseSaliencyError

Result = TypeVar("Result")


def in_parts(
    batches: Iterable[tuple[Sequence[str], Tensor]],
    explain: Callable[[Sequence[str], Tensor, int], Result],
    fitting: Callable[[Tensor], int],
    report: Callable[[str], None],
) -> Iterator[tuple[Sequence[str], Result]]:
    """Yield the image ids and the result of `explain` for part after part of each batch.

    Parameters
    ----------
    batches
        Pairs of image ids and images (n, 3, H, W), read one at a time.
    explain
        Called with image ids, images and the current part size. Where it runs out of a device's memory, the size is
        halved for it and for all that follow.
    fitting
        Called once, with the first image (1, 3, H, W): the size to begin with.
    report
        Told of each halving.

    Raises
    ------
    CaseSaliencyError
        If a single image does not fit.
    """
    size = 0
    for image_ids, images in batches:
        size = size or fitting(images[:1])
        start = 0
        while start < len(images):
            part = slice(start, start + size)
            try:
                found = explain(image_ids[part], images[part], size)
            except torch.OutOfMemoryError as error:
                if size == 1:
                    raise CaseSaliencyError(
                        f"image {image_ids[start]}: it does not fit into the device's memory alone; use fewer layers, "
                        f"mixed precision or device: cpu ({str(error).splitlines()[0]})"
                    ) from error
                size //= 2
                report(f"out of memory: going on with batches of {size}")
                continue
            yield image_ids[part], found
            start = part.stop
