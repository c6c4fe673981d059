"""CASE with contrast sets as the released code may build them. Used by analysis `defects`, and nowhere else."""

from typing import Literal

import torch
from torch import Tensor

from case_saliency.attribution.case import draw, mean_contrast, own, projection
from case_saliency.attribution.contrast import Source
from case_saliency.attribution.view import View


def case_with_faulty_set(
    view: View,
    *,
    source: Source = "logits",
    k: int = 3,
    fault: Literal["itself", "arbitrary", "both"] = "itself",
    pooled: bool = True,
    eps: float = 1e-30,
    relu: bool = True,
) -> Tensor:
    """CASE, pooled or not, whose contrast set V(t) is faulty; see `case.case` for the rest.

    Parameters
    ----------
    view
        The batch.
    source, k
        Of the contrast set, where it is not arbitrary.
    fault
        "itself": t stands in V(t), in place of the k-th nearest class. "arbitrary": V(t) holds the k classes of highest
        index, which a descending argsort of an empty row of the confusion matrix gives. "both": t and the k - 1 classes
        of highest index.
    pooled, eps, relu
        As in `case.case`.
    """
    members = view.contrast_classes(source, k)
    if fault != "itself":
        n_classes = view.logits.shape[1]
        highest = torch.arange(n_classes - 1, n_classes - 1 - k, -1, device=members.device)
        members = highest.expand_as(members)
    if fault != "arbitrary":
        members = torch.cat([view.classes[:, :, None], members[..., : k - 1]], -1)
    view.note_contrast(members, source)
    g = own(view, pooled)
    return draw(view, g - projection(g, mean_contrast(view, members, pooled), eps), relu)
