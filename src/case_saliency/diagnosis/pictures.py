"""The figures of a diagnosis: the study's own, of one network."""

from dataclasses import dataclass

from matplotlib.figure import Figure

from case_saliency.attribution.resample import upsample
from case_saliency.datasets.images import read
from case_saliency.diagnosis.result import Diagnosis
from case_saliency.figures import (
    agreement_distributions,
    confidence_drops,
    cross_deletion,
    map_panels,
    perturbation_curves,
)

_EXAMPLES = 4  # images whose maps are shown


@dataclass(frozen=True)
class Picture:
    """A figure with its title and caption."""

    title: str
    caption: str
    figure: Figure


def draw(diagnosis: Diagnosis) -> dict[str, Picture]:
    """Return the figures of `files.FIGURES`, and of `files.CURVE_FIGURES` if curves were asked for, by name."""
    options, labelled = diagnosis.options, diagnosis.labelled
    settings = {"measure": options.measure, "reference": diagnosis.reference}
    figures = {
        "agreement_distributions": Picture(
            agreement_distributions.TITLE,
            agreement_distributions.caption(diagnosis.agreement, options.threshold, labelled=labelled),
            agreement_distributions.agreement_distributions(
                diagnosis.scores.agreement, diagnosis.agreement, options.threshold
            ),
        ),
        "confidence_drops": Picture(
            confidence_drops.TITLE,
            confidence_drops.caption(diagnosis.fidelity, **settings, alpha=options.alpha, labelled=labelled),
            confidence_drops.confidence_drops(diagnosis.fidelity, **settings),
        ),
        "cross_deletion": Picture(
            cross_deletion.TITLE,
            cross_deletion.caption(diagnosis.cross_deletion, alpha=options.alpha, labelled=labelled),
            cross_deletion.cross_deletion(diagnosis.cross_deletion),
        ),
        "map_panels": Picture(
            map_panels.TITLE,
            map_panels.caption(diagnosis.network.name, options.k_percent),
            map_panels.map_panels(_examples(diagnosis), options.k_percent),
        ),
    }
    if diagnosis.curves is not None and diagnosis.curve_points is not None:
        figures["perturbation_curves"] = Picture(
            perturbation_curves.TITLE,
            perturbation_curves.caption(diagnosis.curves, options.alpha, labelled=labelled),
            perturbation_curves.perturbation_curves(diagnosis.curve_points, diagnosis.curves),
        )
    return figures


def _examples(diagnosis: Diagnosis) -> list[map_panels.Example]:
    """Return the first images that count, with their maps."""
    images = diagnosis.folder.manifest.set_index("image_id", drop=False)
    position = {image_id: place for place, image_id in enumerate(diagnosis.maps.image_ids)}
    maps = {name: values for methods in diagnosis.maps.maps.values() for name, values in methods.items()}
    agreement = diagnosis.scores.agreement.set_index(["image_id", "method"])["agreement"]
    names = diagnosis.network.class_names
    found = []
    for row in diagnosis.predictions[diagnosis.predictions["qualified"]].head(_EXAMPLES).to_dict("records"):
        image_id = row["image_id"]
        image = images.loc[image_id].to_dict()
        photograph = diagnosis.network.transform.crop(read(diagnosis.folder.path, image))
        first, second = (f"class {row[top]}" if names is None else names[row[top]] for top in ("top1", "top2"))
        found.append(
            map_panels.Example(
                image_id=image_id,
                model=diagnosis.network.name,
                photograph=photograph,
                maps={
                    name: upsample(values[position[image_id]], photograph.shape[:2]) for name, values in maps.items()
                },
                class_names=(first, second),
                probabilities=(row["p_top1"], row["p_top2"]),
                agreements={name: float(agreement[image_id, name]) for name in maps},
                true_class=names[row["label"]] if names and diagnosis.labelled else image["label_name"] or "none",
            )
        )
    return found
