"""Diagnose your own network on your own images: class sensitivity (RQ1) and fidelity (RQ2) of its saliency maps.

The two most likely classes of each image are explained by every method. RQ1: how much do their maps
have in common? RQ2: what does the network lose without the pixels that a map marks? Scores, tests and
verdicts are those of the study. A random map and the image's edges run beside as controls.

MODEL is
  a name in the model zoo, such as efficientnet_lite0;
  module:function, a function in the working folder (or an installed package) that takes no argument
    and returns a torch.nn.Module, which takes (N, 3, H, W) and returns logits (N, classes);
  FILE.pt2, a program written by torch.export.save. Such a file is a program: open only those you trust.

The images lie in a FOLDER of JPEG, PNG, BMP or WEBP files, or of class folders with such files. Class
folders are named by class or by class index, or stand one for each class in the order of their names; images
that the network gets wrong are then set aside. Without class folders all images count.
"""

import argparse
from pathlib import Path

from case_saliency import storage
from case_saliency.attribution import registry
from case_saliency.cli.arguments import Declared
from case_saliency.cli.progress import track
from case_saliency.diagnosis import files, folder, naming
from case_saliency.diagnosis.options import CONTROLS, METHODS, TRANSFORM, Options
from case_saliency.errors import CaseSaliencyError

_DEFAULTS = Options()
LONGEST = 2**24
"""Bytes of a file of class names."""
_EXAMPLES = """\
examples:
  case-saliency diagnose --model efficientnet_lite0 --images photographs --out out
  case-saliency diagnose --model my_network:build --images photographs --out out \\
      --methods gradcam,layercam,case --method my_methods:positive_gradcam --input-size 128
  case-saliency diagnose --model efficientnet_lite0 --images photographs --out out \\
      --removed 5,20,50 --fills mean,blur,road --curves deletion,insertion --steps 16
  case-saliency diagnose --model network.pt2 --images photographs --out out --layer layer4

Writes to OUT: report.html (start there), summary, tables and scores, maps.nc, figures/ and record.json.
Exit codes: 0 done, 1 an error that names its remedy, 2 wrong usage, 130 interrupted."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add("--model", required=True, help="the network, see above")
    add("--images", type=Path, required=True, metavar="FOLDER", help="the images, see above")
    add(
        "--out", type=Path, required=True, metavar="FOLDER", help="where to write; files of an earlier run are replaced"
    )
    methods = parser.add_argument_group("methods")
    add = methods.add_argument
    add("--methods", type=_names, default=METHODS, metavar="NAMES", help=f"comma-separated ({','.join(METHODS)})")
    add(
        *("--method",), action="append", default=[], metavar="MODULE:FUNCTION",
        help="a saliency method of yours, tested beside the others; may be repeated (docs/own-methods.md)",
    )  # fmt: skip
    add("--controls", type=_names, default=CONTROLS, metavar="NAMES", help="these calibrate the test (random,sobel)")
    add("--layer", help="target layer: path of a submodule (default: the last one that returns a map)")
    images = parser.add_argument_group(
        "preparation of images", "Defaults: the zoo's or the program's, else torchvision's."
    )
    add = images.add_argument
    add("--input-size", type=int, metavar="PIXELS", help=f"side of the square that is seen ({TRANSFORM.input_size})")
    add("--resize", type=int, metavar="PIXELS", help="shorter side before the crop (input size x 8/7)")
    add("--interpolation", choices=("bilinear", "bicubic"), help=f"({TRANSFORM.interpolation})")
    add("--mean", type=float, nargs=3, metavar="X", help="mean of red, green, blue in [0, 1] (0.485 0.456 0.406)")
    add("--std", type=float, nargs=3, metavar="X", help="standard deviation likewise (0.229 0.224 0.225)")
    add("--class-names", type=Path, metavar="FILE", help="names of the network's classes in order, one a line")
    scores = parser.add_argument_group("scores and tests", "Definitions: docs/statistics.md.")
    add = scores.add_argument
    add("--k-percent", type=float, default=_DEFAULTS.k_percent, metavar="K", help="RQ1: size of the top set (5)")
    add("--removed", type=_numbers, default=_DEFAULTS.removed, metavar="K,K", help="RQ2: shares of pixels (5,50)")
    add("--fills", type=_names, default=_DEFAULTS.fills, metavar="NAMES", help="RQ2: what replaces pixels (mean)")
    add("--curves", type=_names, default=_DEFAULTS.curves, metavar="NAMES", help="deletion,insertion,road (none)")
    add("--steps", type=int, default=_DEFAULTS.steps, metavar="S", help="of a curve; it costs S - 1 passes (16)")
    add("--threshold", type=float, default=_DEFAULTS.threshold, metavar="PERCENT", help="of agreement (50)")
    add("--alpha", type=float, default=_DEFAULTS.alpha, help="level of tests and intervals (0.05)")
    add("--seed", type=int, default=_DEFAULTS.seed, help="of ties and random maps (0)")
    add("--batch-size", type=int, default=_DEFAULTS.batch_size, metavar="N", help="images in one pass (10)")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (auto)")


def declare(arguments: argparse.Namespace) -> Declared:
    """Return what goes into the record: every option, every file of the images' folder, every file that is written."""
    if arguments.out.resolve().is_relative_to(arguments.images.resolve()):
        raise CaseSaliencyError(
            f"--out: {arguments.out} lies inside --images {arguments.images}; choose another folder"
        )
    inputs = {"images": folder.files(arguments.images)}
    if arguments.class_names is not None:
        inputs["class_names"] = [arguments.class_names]
    if Path(arguments.model).is_file():
        inputs["model"] = [Path(arguments.model)]
    unrecorded = {"log", "threads", "traceback", "stage", "module", "name"}
    return Declared(
        parameters={
            name: value.as_posix() if isinstance(value, Path) else value
            for name, value in vars(arguments).items()
            if name not in unrecorded
        },
        inputs=inputs,
        outputs={"out": files.outputs(arguments.out, curves=bool(arguments.curves))},
        location=arguments.out / files.RECORD,
    )


def modules(arguments: argparse.Namespace) -> list[str]:
    """Return the modules that are loaded by name: the network's and the methods'."""
    methods = naming.resolve([*arguments.methods, *arguments.method], arguments.controls, arguments.seed)
    model = naming.model_module(arguments.model)
    return [*registry.modules(methods), *([] if model is None else [model])]


def run(arguments: argparse.Namespace) -> None:
    """Measure, write, and print the answer."""
    import matplotlib as mpl
    from rich.console import Console

    from case_saliency.cli.summary import show
    from case_saliency.diagnosis.output import write
    from case_saliency.diagnosis.study import diagnose

    mpl.use("agg")
    names = ("input_size", "resize", "interpolation", "mean", "std")
    asked = {name: getattr(arguments, name) for name in names}
    found = diagnose(
        arguments.model,
        arguments.images,
        [*arguments.methods, *arguments.method],
        layer=arguments.layer,
        transform={
            name: tuple(value) if isinstance(value, list) else value
            for name, value in asked.items()
            if value is not None
        },
        class_names=read_class_names(arguments.class_names),
        controls=arguments.controls,
        options=_options(arguments),
        device=arguments.device,
        progress=track,
    )
    write(found, arguments.out, arguments.record_id)
    console = Console()
    show(console, f"{found.network.name} on {arguments.images}", found.summary)
    for note in found.notes():
        console.print(f"- {note}", width=80, markup=False, highlight=False)
    console.print(f"Report: {arguments.out / files.REPORT}", markup=False, soft_wrap=True)


def _options(arguments: argparse.Namespace) -> Options:
    names = ("k_percent", "removed", "fills", "curves", "steps", "threshold", "alpha", "seed", "batch_size")
    return Options(**{name: getattr(arguments, name) for name in names})


def read_class_names(file: Path | None) -> list[str] | None:
    """Return the names in a text file, one a line; None where no file is given."""
    if file is None:
        return None
    try:
        lines = storage.read_bytes(file, LONGEST).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CaseSaliencyError(f"--class-names: cannot read {file}: {error}; give a text file") from error
    return [line.strip() for line in lines if line.strip()]


def _names(text: str) -> tuple[str, ...]:
    """Split a comma-separated list; "none" is an empty one."""
    return () if text == "none" else tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 5,50") from error
