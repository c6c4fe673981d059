"""What the paper reports (arXiv 2506.07327v3), as it prints it. "lost": the copy of the text at hand lacks the cell."""

from collections.abc import Mapping
from dataclasses import dataclass

NETWORKS: Mapping[str, str] = {
    "convnext_large": "ConvNeXt-L",
    "densenet201": "DenseNet-201",
    "resnet50": "ResNet-50",
    "vgg19_bn": "VGG-19-BN",
}
"""The paper's networks in its order."""

COUNTERPARTS: Mapping[str, str] = {
    "convnext_small": "convnext_large",
    "densenet_small": "densenet201",
    "resnet_small": "resnet50",
    "vgg_small": "vgg19_bn",
} | {name: name for name in NETWORKS}
"""A network of this study -> the paper's network of the same family."""

_ORDER = tuple(NETWORKS)
FAILS = "lost (text: fails)"


def _row(*cells: str) -> dict[str, str]:
    return dict(zip(_ORDER, cells, strict=True))


TABLE_1: Mapping[str, Mapping[str, str]] = {
    "case": _row("<.0001", "<.0001", "<.0001", "<.0001"),
    "gradcam": _row(".8734", "<.0001", FAILS, FAILS),
    "gradcam_plus_plus": _row(".0179", "<.0001", "lost or <.0001", "lost or <.0001"),
    "scorecam": _row("<.0001", "<.0001", "<.0001", FAILS),
    "ablationcam": _row("lost", "<.0001", FAILS, FAILS),
    "layercam": _row("lost or <.0001", "<.0001", "lost or <.0001", "lost"),
}
"""p of Wilcoxon's test against 50% at the top 5%; the DenseNet at its layer conv2."""

_FAILS_2 = {"densenet201": "lost (text: fails)"}
TABLE_2: Mapping[str, Mapping[str, str]] = {
    "case": {"densenet201": "<.0001"},
    "gradcam": _FAILS_2,
    "gradcam_plus_plus": _FAILS_2,
    "scorecam": {"densenet201": "<.0001"},
    "ablationcam": _FAILS_2,
    "layercam": _FAILS_2,
}
"""The same at the DenseNet's layer norm5."""


ALPHA = 0.05
"""The level of the paper's tests."""


@dataclass(frozen=True)
class Drop:
    """Mean and standard deviation of the confidence drop, and p against CASE as it is printed ("" for CASE)."""

    mean: float
    sd: float
    p: str = ""

    @property
    def significant(self) -> bool:
        """Whether p, or the bound that is printed for it, lies below 5%; never for CASE."""
        return bool(self.p) and float(self.p.removeprefix("<")) < ALPHA

    @property
    def p_value(self) -> float | None:
        """The p-value, None where only a bound is printed."""
        return float(self.p) if self.p and not self.p.startswith("<") else None


def _drops(*cells: tuple[float, float] | tuple[float, float, str]) -> dict[str, Drop]:
    return {name: Drop(*cell) for name, cell in zip(_ORDER, cells, strict=True)}


TABLE_3: Mapping[str, Mapping[str, Drop]] = {
    "case": _drops((0.2052, 0.3042), (0.1163, 0.2274), (0.1411, 0.2561), (0.1317, 0.2420)),
    "ablationcam": _drops(
        (0.1696, 0.2409, ".00568"), (0.1140, 0.2272, ".65943"), (0.1339, 0.2532, ".21707"), (0.1354, 0.2473, ".51132")
    ),
    "gradcam": _drops(
        (0.1919, 0.2758, ".3544"), (0.1131, 0.2226, ".53783"), (0.136, 0.2501, ".37022"), (0.1328, 0.2433, ".84450")
    ),
    "gradcam_plus_plus": _drops(
        (0.1872, 0.2860, ".22602"), (0.1244, 0.2417, ".13240"), (0.1395, 0.2584, ".78072"), (0.1020, 0.2096, "<.0001")
    ),
    "layercam": _drops(
        (0.1686, 0.2783, ".00988"), (0.1248, 0.2393, ".10838"), (0.1405, 0.2603, ".92128"), (0.1539, 0.2650, "<.0001")
    ),
    "scorecam": _drops(
        (0.2059, 0.3104, ".9665"), (0.1248, 0.2366, ".10598"), (0.1349, 0.2536, ".28969"), (0.1473, 0.2590, ".00645")
    ),
}
"""RQ2. The share of removed pixels is not stated."""

WORDING: Mapping[tuple[str, str], str] = {
    ("vgg19_bn", "gradcam_plus_plus"): "significantly higher",
    ("vgg19_bn", "scorecam"): "non-significant",
}
"""What the text calls a drop of Table 3, beside CASE's: (network, method) -> its words."""

STATED_BASELINES: Mapping[str, int] = {"five": 5, "six": 6}
"""Numbers of baselines that the text names, both of them."""

STATED_IMAGES = 1000
"""Sampled validation images that the text names for RQ1."""


def paper_cell(item: str, method: str, network: str) -> str:
    """Return a cell of the paper's Table 1, 2 or 3 as it is printed; "" where the paper has no such network.

    Examples
    --------
    >>> paper_cell("table 1", "gradcam", "convnext_large"), paper_cell("table 3", "gradcam", "resnet50")
    ('.8734', '0.1360; 0.2501; .37022')
    """
    if item == "table 3":
        drop = TABLE_3[method].get(network)
        return (
            "" if drop is None else "; ".join(text for text in (f"{drop.mean:.4f}", f"{drop.sd:.4f}", drop.p) if text)
        )
    return (TABLE_1 if item == "table 1" else TABLE_2)[method].get(network, "")
