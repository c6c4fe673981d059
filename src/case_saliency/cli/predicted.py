"""What a network predicts for the images that a stage measures: a row of each, or an error that names the image."""

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd


def load_predictions(arguments: argparse.Namespace, image_ids: Iterable[str]) -> "pd.DataFrame":
    """Read the predictions of some images, in their order, by image id.

    Raises
    ------
    CaseSaliencyError
        If an image has no prediction, or several.
    """
    predictions = storage.read_table(arguments.predictions).set_index("image_id")
    if predictions.index.has_duplicates:
        twice = predictions.index[predictions.index.duplicated()][0]
        raise CaseSaliencyError(f"{arguments.predictions}: image {twice!r} has several rows; run predict again")
    wanted = list(image_ids)
    if lacking := [image for image in wanted if image not in predictions.index]:
        raise CaseSaliencyError(
            f"{arguments.predictions}: {len(lacking)} of {len(wanted)} images have no row, the first is "
            f"{lacking[0]!r}; the predictions must be those of the same network and images"
        )
    return predictions.loc[wanted]
