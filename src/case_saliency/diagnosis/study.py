"""Ask both questions of the study of one network: `diagnose`."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from case_saliency.attribution import devices, registry
from case_saliency.attribution.capture import evaluating, unwrap
from case_saliency.attribution.engine import attribute
from case_saliency.attribution.registry import Method
from case_saliency.attribution.result import Attribution
from case_saliency.datasets.images import read
from case_saliency.diagnosis import blame, folder, layers, measure, naming, subject
from case_saliency.diagnosis.measure import Progress, Reader
from case_saliency.diagnosis.options import CONTROLS, METHODS, Options
from case_saliency.diagnosis.result import Diagnosis
from case_saliency.errors import CaseSaliencyError

log = logging.getLogger(__name__)


def _silently(items: Any, _total: int, _unit: str) -> Any:
    return items


def diagnose(
    model: str | Path | nn.Module,
    images: str | Path,
    methods: Sequence[str | Mapping[str, Any]] = METHODS,
    *,
    layer: str | None = None,
    transform: Mapping[str, Any] | None = None,
    class_names: Sequence[str] | None = None,
    controls: Sequence[str] = CONTROLS,
    options: Options | None = None,
    device: str | None = None,
    progress: Progress = _silently,
) -> Diagnosis:
    """Ask whether a network's saliency maps change with the class (RQ1) and whether they are faithful (RQ2).

    Parameters
    ----------
    model
        A network (N, 3, H, W) -> logits (N, K), left as it was found; or a name in the zoo, `module:function`, or the
        path of an exported program (see `subject.load`).
    images
        A folder of image files, or of class folders (see `folder.labels`). Without class folders every image counts.
    methods
        Registered names, `module:function`, or variants as `registry.resolve` takes them.
    layer
        Name or path of the target layer; None: the zoo's, or the one that `layers.find` finds.
    transform
        Fields of `Transform` that differ from the network's own preparation of images, or from that of torchvision's
        ImageNet models where it has none.
    class_names
        Names of the network's classes in order.
    controls
        Methods that calibrate the test, added to `methods`.
    options
        Scores and tests; None: the defaults.
    device
        Where to compute, such as "auto"; None: where the network is.
    progress
        Called with batches, their number and what is done with them; yields them again. By default nothing is shown.

    Raises
    ------
    CaseSaliencyError
        If there is no such network, layer, method or image, the network's logits cannot be used, or a method of the
        user's raises an exception, which is then the cause.
    """
    options = options or Options()
    found = folder.survey(Path(images))
    named = naming.resolve(methods, controls, options.seed)
    network = _loaded(model, device, transform, class_names)
    module = unwrap(network.module)
    with devices.exactly(deterministic=True), evaluating(module):
        target, n_classes = _target(network, layer, found)
        found = _labelled(found, network, n_classes)
        named = _within(named, n_classes, network.batch_size)
        reader = Reader(found, network.transform, network.batch_size or options.batch_size, progress)
        predictions = measure.predictions(module, reader)
        maps = _explain(module, reader, predictions, target, named)
        scores = measure.scores(module, maps, predictions, reader, options, network.name)
    return Diagnosis(network, target, layer is not None, found, tuple(named), options, predictions, maps, scores)


def _loaded(
    model: str | Path | nn.Module,
    device: str | None,
    transform: Mapping[str, Any] | None,
    class_names: Sequence[str] | None,
) -> subject.Subject:
    """Return the network, with the names of its classes that the caller gives, if any."""
    network = subject.load(model, device, transform or {})
    return replace(network, class_names=tuple(class_names) if class_names else network.class_names)


def _explain(
    module: nn.Module, reader: Reader, predictions: pd.DataFrame, target: Mapping[str, str], methods: Sequence[Method]
) -> Attribution:
    """Explain the two most likely classes of every image; what a method of the user's does wrong names the method."""
    batches = blame.Watched(reader.batches("batches explained"))
    with blame.explained(methods, batches):
        return attribute(
            module,
            batches,
            {row["image_id"]: [row["top1"], row["top2"]] for row in predictions.to_dict("records")},
            target,
            methods,
            settings=devices.Settings(batch_size=reader.batch_size),
        )


def _within(methods: Sequence[Method], n_classes: int, batch_size: int | None) -> list[Method]:
    """Return the methods with no larger contrast set than the network has other classes."""
    fitting = []
    for method in methods:
        if method.family == "ablation" and batch_size == 1:
            raise CaseSaliencyError(
                f"method {method.name}: the program takes one image at a time, and this method needs several; export "
                "the program with a free number of images (docs/diagnose.md), or leave the method out"
            )
        wanted = method.parameters.get("k", 0) if method.base in registry.ENTRIES else 0
        if wanted >= n_classes:
            log.warning("%s: its contrast set has %d classes, as the network has no more", method.name, n_classes - 1)
            method = replace(method, parameters={**method.parameters, "k": n_classes - 1})
        fitting.append(method)
    return fitting


def _target(network: subject.Subject, layer: str | None, found: folder.Folder) -> tuple[dict[str, str], int]:
    """Return the target layer, name -> path, and how many classes the network has."""
    first = found.manifest.iloc[0].to_dict()
    image = network.transform(read(found.path, first))[None]
    parameter = next(network.module.parameters(), None)
    image = image if parameter is None else image.to(parameter.device)
    module = unwrap(network.module)
    logits = layers.probe(module, image, {}).logits
    if not logits.isfinite().all():
        raise CaseSaliencyError(
            f"image {first['image_id']}: its logits are not finite; check the image and the weights"
        )
    n_classes = logits.shape[1]
    if network.class_names is not None and len(network.class_names) != n_classes:
        raise CaseSaliencyError(
            f"class names: {len(network.class_names)} found, the model has {n_classes} classes; give one for each"
        )
    name = layer or next(iter(network.layers), None) or layers.find(module, image)
    if "/" in name:
        raise CaseSaliencyError(f"layer {name}: map files have no layer with a slash in its name; choose another")
    target = {name: network.layers.get(name, name)}
    height, width = layers.probe(module, image, target).layers[name].activations.shape[-2:]
    if height * width == 1:
        raise CaseSaliencyError(f"layer {name}: its output is a single cell, no map; choose a layer before the pooling")
    return target, n_classes


def _labelled(found: folder.Folder, network: subject.Subject, n_classes: int) -> folder.Folder:
    """Return the images with the labels that their class folders say."""
    if not found.class_names:
        return found
    indices = folder.labels(found.class_names, n_classes, network.class_names)
    return replace(found, manifest=found.manifest.assign(label=found.manifest["label_name"].map(indices)))
