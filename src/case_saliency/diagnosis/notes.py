"""How a diagnosis came about: the target layer, the preparation, and which images and files count."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from case_saliency.diagnosis.result import Diagnosis

_LISTED = 8  # excluded files in one note


def how(diagnosis: "Diagnosis") -> list[str]:
    """Return one sentence or two for each choice that was made."""
    [(name, path)] = diagnosis.layer.items()
    maps, found, options = diagnosis.maps, diagnosis.folder, diagnosis.options
    shape = next(iter(maps.maps[name].values())).shape[-2:] if name in maps.maps else None
    zoo = bool(diagnosis.network.layers)
    chosen = "as asked" if diagnosis.layer_given else "the zoo's choice" if zoo else "found as the last map"
    of = "" if name == path else f" ({path})"
    grid = "" if shape is None else f", maps of {shape[0]} x {shape[1]} cells"
    look = diagnosis.network.transform
    mean, std = (", ".join(f"{value:.3g}" for value in values) for values in (look.mean, look.std))
    notes = [
        f"Target layer: {name}{of}, {chosen}{grid}.",
        f"Preparation: shorter side to {look.resize} ({look.interpolation}), centre {look.input_size} x "
        f"{look.input_size}, mean {mean}, std {std}. A network trained with another one needs it stated.",
    ]
    if shape is not None and shape[0] * shape[1] * options.k_percent < 100:
        notes.append(
            f"Coarse maps: {options.k_percent:g}% of {shape[0]} x {shape[1]} cells is less than one cell, and "
            "interpolation decides the agreement. Take an earlier layer, larger images or a larger k."
        )
    if not diagnosis.labelled:
        notes.append("Labels: none, so all images count, those that the network gets wrong among them.")
    if len(found.excluded):
        rows = found.excluded.head(_LISTED).to_dict("records")
        listed = "; ".join(f"{row['file']} ({row['reason']})" for row in rows)
        more = "" if len(rows) == len(found.excluded) else "; ..."
        counts = len(found.excluded), len(found.excluded) + len(found.manifest)
        notes.append(f"Excluded as no usable images: {counts[0]} of {counts[1]} files: {listed}{more}.")
    return [*notes, *maps.messages]
