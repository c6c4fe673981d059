"""What a network predicts for the images that a stage measures: a row of each, or an error that names the image."""

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {"image_id": "OU", "label": "i", "top1": "i", "top2": "i", "correct": "b"}
"""Columns that stages read -> kinds of their types, as numpy names them; text is an object."""


def load_predictions(arguments: argparse.Namespace, image_ids: Iterable[str]) -> "pd.DataFrame":
    """Read the predictions of some images, in their order, by image id.

    Raises
    ------
    CaseSaliencyError
        If an image has no prediction, or several, or the table is none of predictions.
    """
    table = read_table(arguments.predictions)
    kinds = {name: getattr(table.get(name), "dtype", None) for name in _COLUMNS}
    if other := [name for name, kind in kinds.items() if getattr(kind, "kind", "-") not in _COLUMNS[name]]:
        raise CaseSaliencyError(
            f"{arguments.predictions}: no table of predictions, column {other[0]} is {kinds[other[0]]}; "
            "run predict again"
        )
    if other := [image for image in table["image_id"] if not isinstance(image, str)]:
        raise CaseSaliencyError(f"{arguments.predictions}: image id {other[0]!r} is no text; run predict again")
    predictions = table.set_index("image_id")
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
