"""The tables that the rules read, and how rows are found in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from case_saliency.figures.names import model_label


@dataclass(frozen=True)
class Evidence:
    """What an experiment has to say about the claims.

    Attributes
    ----------
    experiment, dataset
        Names.
    agreement, fidelity
        Tables of the study, see docs/statistics.md.
    layers
        The table of analysis `layers`, None if it was not run.
    worst, pairs, rises, ratios, sensitivity, sensitivity_heldout, areas
        Tables of `statistics.claims`; empty where there was nothing to compare. `sensitivity_heldout` has the gains of
        CASE's held-out variant.
    main, conv2, norm5
        Model -> name of the target layer: of every network, and of the DenseNets.
    alpha, threshold, margin, k_percent
        Level, null hypothesis of the diagnostic in percent, margin of non-inferiority, and size of the top set.
    fill, measure
        Of the confidence drops that decide.
    k_removed
        Shares of removed pixels at which a claim about fidelity must hold.
    """

    experiment: str
    dataset: str
    agreement: pd.DataFrame
    fidelity: pd.DataFrame
    layers: pd.DataFrame | None
    worst: pd.DataFrame
    pairs: pd.DataFrame
    rises: pd.DataFrame
    ratios: pd.DataFrame
    sensitivity: pd.DataFrame
    sensitivity_heldout: pd.DataFrame
    areas: pd.DataFrame
    main: Mapping[str, str]
    conv2: Mapping[str, str]
    norm5: Mapping[str, str]
    alpha: float
    threshold: float
    margin: float
    k_percent: float
    fill: str
    measure: str
    k_removed: Sequence[float]

    @property
    def models(self) -> list[str]:
        """The networks that were measured, in the order of the table."""
        return [str(name) for name in dict.fromkeys(self.agreement["model"])]

    def trainings(self, models: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
        """Yield model, seed and a name for each training of the given models."""
        found = self.agreement[self.agreement["model"].isin(list(models))]
        several = found.groupby("model")["seed"].nunique().to_dict()
        for model, seed in found[["model", "seed"]].drop_duplicates().itertuples(index=False):
            yield str(model), int(seed), model_label(str(model)) + (f" (seed {seed})" if several[model] > 1 else "")

    def row(self, model: str, seed: int, layer: str, method: str) -> dict[str, Any] | None:
        """Return the agreement of a cell, from the table of the layers where the main one does not have it."""
        for table in (self.agreement, self.layers):
            if table is not None:
                found = table[
                    (table["model"] == model)
                    & (table["seed"] == seed)
                    & (table["layer"].isin([layer, "input"]))
                    & (table["method"] == method)
                    & (table["k_percent"] == self.k_percent)
                ]
                if len(found):
                    return {str(key): value for key, value in found.iloc[0].items()}
        return None


def select(table: pd.DataFrame, **values: Any) -> dict[str, Any] | None:
    """Return the one row of a table with these values, None if there is none."""
    for name, value in values.items():
        table = table[table[name] == value]
    return {str(key): value for key, value in table.iloc[0].items()} if len(table) else None
