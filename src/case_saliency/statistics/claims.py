"""What the rules for the paper's claims need beyond the published tables: paired tests over images, from the scores.

Each function returns one row for each network and comparison. The rules themselves are in `report.claims.rules`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, KEPT, Scores, cells, counted, status
from case_saliency.statistics.curves import areas
from case_saliency.statistics.intervals import bca_ratio_interval, mean_interval
from case_saliency.statistics.multiplicity import holm
from case_saliency.statistics.paired import Values, paired_greater, sign_test_less
from case_saliency.statistics.power import paired_t_detectable

NETWORK = ("model", "seed")
INPUT_LAYER = "input"  # of methods that look at the input alone
_DIFFERENCE = ("method", "n_pairs", "difference", "ci_low", "ci_high")


def worst_sign_tests(scores: Scores, threshold: float) -> pd.DataFrame:
    """Return for each cell the sign test's p under the policies for degenerate pairs that speak against the method.

    `p_sign` leaves degenerate pairs out, `p_sign_worst` is the larger of it and the p with such pairs at agreement 100.

    Parameters
    ----------
    scores
        Agreement scores at one k, see `diagnostic.agreement.COLUMNS`.
    threshold
        Agreement in percent that the null hypothesis "median >= threshold" names.
    """
    rows = []
    for names, found in cells(scores, CELL):
        cell = found.assign(status=status(found, "agreement"))
        without, against = (
            sign_test_less(counted(cell, policy).to_numpy(), threshold) for policy in ("exclude", "insensitive")
        )
        worst = float(np.fmax(without, against))  # NaN only where both are: no image at all
        rows.append(dict(zip(CELL, names, strict=True)) | {"p_sign": without, "p_sign_worst": worst})
    return pd.DataFrame(rows, columns=[*CELL, "p_sign", "p_sign_worst"])


def against_reference(
    scores: Scores, reference: str, methods: Collection[str], main_layers: Mapping[str, str], alpha: float
) -> pd.DataFrame:
    """Compare the agreement of methods with that of the reference on the same images, each at the main layer.

    Returns
    -------
    pandas.DataFrame
        One row for each network and method: `n_pairs`, `difference` (mean of method minus reference, points) with its
        t interval of level 1 - alpha, `p_lower` (one-sided paired t-test: a small p shows that the reference is lower),
        `p_higher` (that it is higher), and `detectable`, the mean difference that such a test finds with power .8.
    """
    rows = []
    for network, values in _networks(scores):
        main = main_layers[network[0]]
        for method in methods:
            first, second = _shared(_at(values, main, method), values.get((main, reference), _EMPTY))
            mean = mean_interval(first - second, 1 - alpha)
            tests = (paired_greater(first, second), paired_greater(second, first))
            detectable = paired_t_detectable(first - second, alpha)
            rows.append((*network, method, first.size, mean.estimate, mean.low, mean.high, *tests, detectable))
    return pd.DataFrame(rows, columns=[*NETWORK, *_DIFFERENCE, "p_lower", "p_higher", "detectable"])


def layer_rises(
    scores: Scores, layers: Mapping[str, tuple[str, str]], methods: Sequence[str], alpha: float
) -> pd.DataFrame:
    """Test whether the agreement of methods is higher at a second layer of a network than at a first one.

    Parameters
    ----------
    scores
        Agreement scores of both layers.
    layers
        Model -> (first layer, second layer), as `scores` names them.
    methods
        Which; Holm's correction is over those of one network.

    Returns
    -------
    pandas.DataFrame
        One row for each network and method: `n_pairs`, `difference` (second minus first) with its t interval, and the
        one-sided `p_rise` and `p_fall` after Holm's correction.
    """
    rows = []
    for network, values in _networks(scores):
        if network[0] not in layers:
            continue
        first, second = layers[network[0]]
        found = [_shared(values.get((second, name), _EMPTY), values.get((first, name), _EMPTY)) for name in methods]
        rise = holm(np.array([paired_greater(after, before) for after, before in found]))
        fall = holm(np.array([paired_greater(before, after) for after, before in found]))
        for method, (after, before), p_rise, p_fall in zip(methods, found, rise, fall, strict=True):
            mean = mean_interval(after - before, 1 - alpha)
            rows.append((*network, method, after.size, mean.estimate, mean.low, mean.high, p_rise, p_fall))
    return pd.DataFrame(rows, columns=[*NETWORK, *_DIFFERENCE, "p_rise", "p_fall"])


def active_ratios(
    scores: Scores | None,
    sparse: Mapping[str, str],
    main_layers: Mapping[str, str],
    *,
    alpha: float,
    seed: int,
) -> pd.DataFrame:
    """Compare the share of active channels of one network's layer with that of other networks' main layers.

    Parameters
    ----------
    scores
        Rows of `diagnostic.activity.COLUMNS`; channels count after the activation (kind "rectified"). None where they
        were not counted: no rows.
    sparse
        Model -> the layer that is said to be sparse.
    main_layers
        Model -> main layer, of all networks.
    alpha, seed
        The BCa bootstrap interval over images has level 1 - alpha; `seed` seeds it.

    Returns
    -------
    pandas.DataFrame
        One row for each sparse network, other architecture and threshold: `ratio` of the two mean shares over the n
        images that both networks classify correctly, with its interval.
    """
    columns = [*NETWORK, "other", "threshold", "n", "ratio", "ci_low", "ci_high"]
    if scores is None:
        return pd.DataFrame(columns=columns)
    shares = {
        (model, training, layer, threshold): cell[cell["qualified"].astype(bool)].set_index("image_id")[
            "active_fraction"
        ]
        for (model, training, layer, threshold, kind), cell in cells(
            scores, ["model", "seed", "layer", "threshold", "kind"]
        )
        if kind == "rectified" and layer in {sparse.get(model), main_layers.get(model)}
    }
    rows = []
    for (model, training, layer, threshold), share in shares.items():
        if layer != sparse.get(str(model)):
            continue
        for other, main in main_layers.items():
            if other in sparse or (other, training, main, threshold) not in shares:
                continue
            first, second = _shared(share, shares[other, training, main, threshold])
            ratio = bca_ratio_interval(first, second, 1 - alpha, seed)
            rows.append((model, training, other, threshold, first.size, ratio.estimate, ratio.low, ratio.high))
    return pd.DataFrame(rows, columns=columns)


def sensitivity_gains(
    scores: Scores,
    reference: str,
    baselines: Sequence[str],
    main_layers: Mapping[str, str],
    *,
    alpha: float,
    seed: int,
) -> pd.DataFrame:
    """Return the reference's relative gain in class sensitivity, ``mean(100 - a) / mean(100 - b) - 1``, over baselines.

    a and b are the agreements of the reference and of a baseline, each averaged over the networks, on the images that
    have both on every network. The interval is the BCa bootstrap's over images.
    """
    found = {
        network: {key: 100 - values for key, values in agreement.items()} for network, agreement in _networks(scores)
    }
    return _gains({"agreement": found}, reference, baselines, main_layers, alpha, seed)


def area_gains(
    points: pd.DataFrame | None,
    reference: str,
    baselines: Sequence[str],
    main_layers: Mapping[str, str],
    *,
    alpha: float,
    seed: int,
) -> pd.DataFrame:
    """Return the reference's relative gain in the area under the deletion and the insertion curve, over baselines.

    With areas averaged over the networks: insertion ``mean(a) / mean(b) - 1``; deletion, where less is better,
    ``1 - mean(a) / mean(b)``. The interval is the BCa bootstrap's over images. No rows without points.
    """
    if points is None:
        return pd.DataFrame(columns=list(_GAIN))
    table = areas(points)
    found = {str(test): dict(_networks(part, "auc")) for test, part in table.groupby("test") if test in _CURVES}
    return _gains(found, reference, baselines, main_layers, alpha, seed)


_CURVES = ("deletion", "insertion")
_GAIN = ("quantity", "baseline", "n", "gain", "ci_low", "ci_high")
_EMPTY = pd.Series(dtype=float)
_Cells = Mapping[tuple[str, str], "pd.Series[float]"]


def _gains(
    found: Mapping[str, Mapping[tuple[str, int], _Cells]],
    reference: str,
    baselines: Sequence[str],
    main_layers: Mapping[str, str],
    alpha: float,
    seed: int,
) -> pd.DataFrame:
    rows = []
    for quantity, networks in found.items():
        for baseline in baselines:
            pairs = []
            for (model, _), values in networks.items():
                base = values.get((main_layers[model], reference), _EMPTY)
                other = _at(values, main_layers[model], baseline)
                pairs.append(pd.concat({"reference": base, "baseline": other}, axis=1).dropna())
            images = sorted(set.intersection(*(set(pair.index) for pair in pairs))) if pairs else []
            if not images:
                continue
            over, under = (
                np.mean([pair.loc[images, name] for pair in pairs], axis=0) for name in ("reference", "baseline")
            )
            ratio = bca_ratio_interval(over, under, 1 - alpha, seed)
            ends = (ratio.estimate - 1, ratio.low - 1, ratio.high - 1)
            if quantity == "deletion":
                ends = (-ends[0], -ends[2], -ends[1])
            rows.append((quantity, baseline, len(images), *ends))
    return pd.DataFrame(rows, columns=list(_GAIN))


def _networks(scores: Scores, measure: str = "agreement") -> Iterator[tuple[tuple[str, int], _Cells]]:
    """Yield each network with its kept values by image, for every layer and method."""
    for (model, training), rows in cells(scores, NETWORK):
        kept = rows[status(rows, measure) == KEPT]
        found = {
            (str(layer), str(method)): cell.set_index("image_id")[measure]
            for (layer, method), cell in cells(kept, ["layer", "method"])
        }
        if found:
            yield (str(model), int(training)), found


def _at(values: _Cells, layer: str, method: str) -> "pd.Series[float]":
    """Return a method's values at a layer, or in the input's space where it has no layer; empty where it has none."""
    return values.get((layer, method), values.get((INPUT_LAYER, method), _EMPTY))


def _shared(first: "pd.Series[float]", second: "pd.Series[float]") -> tuple[Values, Values]:
    shared = first.index.intersection(second.index, sort=False)
    return first[shared].to_numpy(dtype=float), second[shared].to_numpy(dtype=float)
