"""Known defects of the authors' released code as switches: all off, unless analysis `defects` turns one on.

The numbers are those of docs/analyses/defects.md. A replay says which published figures may be artefacts; nothing else
in the study reads these switches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

AS_IS = "as_is"
CONTRASTS: Mapping[str, Mapping[str, Any]] = {
    "k1": {"method": "case", "k": 1},
    "k5": {"method": "case", "k": 5},
    "itself": {"fault": "itself"},
    "arbitrary": {"fault": "arbitrary"},
    "both": {"fault": "both", "k": 2},
}
"""Contrast sets that CASE is drawn with anew -> what they change; `fault` is a parameter of `attribution.faulty`."""


@dataclass(frozen=True)
class Switches:
    """What a replay does otherwise than this study.

    Attributes
    ----------
    transposed_mask
        Rows and columns of the mask of removed pixels change places.
    unpaired_samples
        Images are drawn anew for each method, with replacement, and paired by their position.
    arbitrary_top_sets
        Empty and constant maps, and ties, get the top set that an argsort happens to give.
    wrong_predictions
        Images whose top-1 prediction is wrong stay in.
    threshold
        Null hypothesis of the diagnostic, percent; None is the study's.
    contrast
        CASE's contrast sets: `AS_IS`, or one of `CONTRASTS`.
    case_missing
        Every call of CASE fails and the error is swallowed: CASE has no image.
    """

    transposed_mask: bool = False
    unpaired_samples: bool = False
    arbitrary_top_sets: bool = False
    wrong_predictions: bool = False
    threshold: float | None = None
    contrast: str = AS_IS
    case_missing: bool = False


@dataclass(frozen=True)
class Defect:
    """A defect: its number in the list, what it is, and its switches."""

    number: int
    text: str
    switches: Switches


NONE, ALL = "none", "all"
DEFECTS: Mapping[str, Defect] = {
    "transposed_mask": Defect(1, "mask of removed pixels transposed", Switches(transposed_mask=True)),
    "unpaired_samples": Defect(2, "images drawn anew for each method", Switches(unpaired_samples=True)),
    "case_missing": Defect(3, "CASE fails, and the error is swallowed", Switches(case_missing=True)),
    "arbitrary_top_sets": Defect(4, "empty maps get an arbitrary top set", Switches(arbitrary_top_sets=True)),
    "five_contrast_classes": Defect(5, "five contrast classes", Switches(contrast="k5")),
    "one_contrast_class": Defect(5, "one contrast class", Switches(contrast="k1")),
    "class_in_its_own_set": Defect(6, "a class in its own contrast set", Switches(contrast="itself")),
    "arbitrary_contrast_set": Defect(7, "contrast set of arbitrary classes", Switches(contrast="arbitrary")),
    "threshold_70": Defect(8, "threshold of 70%", Switches(threshold=70.0)),
    "wrong_predictions": Defect(10, "wrongly predicted images kept", Switches(wrong_predictions=True)),
}
"""Those that can be replayed on finished maps or cheap ones."""
JOINT = tuple(name for name in DEFECTS if name != "case_missing")
"""Those that "all together" turns on: without CASE there would be nothing of it that the others could move."""


def together(names: Sequence[str] = JOINT) -> Switches:
    """Return the switches of several defects; contrast sets combine to the class itself and an arbitrary one.

    Examples
    --------
    >>> together(["threshold_70", "transposed_mask"]).threshold
    70.0
    >>> together(["one_contrast_class", "class_in_its_own_set"]).contrast
    'both'
    """
    found: dict[str, Any] = {}
    for name in names:
        for one in fields(Switches):
            value = getattr(DEFECTS[name].switches, one.name)
            if value != one.default:
                found[one.name] = value if one.name not in found or found[one.name] == value else "both"
    return Switches(**found)
