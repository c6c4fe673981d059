"""Whether data sets and weights are still what was published: against their manifests and their pinned hashes."""

import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.datasets import fashion_mnist, images, locations, samples, sources
from case_saliency.datasets.fetching import Options
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import zoo
from case_saliency.provenance import repository, walking
from case_saliency.provenance.audit import manifests
from case_saliency.provenance.audit.evidence import Evidence
from case_saliency.provenance.audit.measuring import Found, measure
from case_saliency.provenance.audit.parsing import parse
from case_saliency.provenance.audit.reading import Run, read
from case_saliency.provenance.audit.strangers import is_aid
from case_saliency.provenance.audit.verdicts import Check, Verdict

if TYPE_CHECKING:
    import pandas as pd

_AT_HAND = {
    "case_saliency.datasets.digits:fetch": Path(),
    "case_saliency.datasets.fashion_mnist:fetch": fashion_mnist.DEBIAN,
}
"""Fetchers that need no network where this folder exists."""


def upstream(evidence: Evidence, outside: list[Path]) -> Iterator[Check]:
    """Yield the checks of the data sets and the networks among the runs that are audited."""
    for run in evidence.runs:
        files = {entry.role: entry.path for entry in run.outputs}
        try:
            if run.stage == "fetch_dataset":
                yield from _dataset(run, Path(files["manifest"]), outside)
            elif run.stage in {"obtain_model", "train_model"}:
                yield from _network(evidence, run, files)
        except (
            CaseSaliencyError,
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
            MemoryError,
        ) as error:  # what is read may hold anything
            note = f"it could not be compared: {str(error) or type(error).__name__}"
            yield Check(run.record, "upstream", Verdict.UNVERIFIABLE, note)


def _dataset(run: Run, manifest: Path, outside: list[Path]) -> Iterator[Check]:
    if measure(Path(), [manifest.as_posix()])[manifest.as_posix()].problem:
        return
    folder, rows = manifest.parent, manifests.rows(manifest.as_posix())
    yield from depicted(folder, rows, outside)
    spec = sources.find(str(run.parameters["dataset"]))
    if spec.name in samples.SHA256:
        yield _pinned(folder, rows, samples.SHA256[spec.name])
    elif spec.fetcher in _AT_HAND and _AT_HAND[spec.fetcher].exists() and not run.parameters["settings"]:
        yield _again(spec.name, manifest)
    else:
        note = "its source is not kept: pinned hashes were checked when it was fetched, --reexecute fetches it again"
        yield Check(folder.as_posix(), "upstream", Verdict.UNVERIFIABLE, note)


def _pinned(folder: Path, rows: "pd.DataFrame", pinned: Mapping[str, str]) -> Check:
    """Compare the hashes in a manifest with those that this package pins."""
    named = {Path(file).name: digest for file, digest in zip(rows["file"], rows["sha256"], strict=True)}
    same = named == dict(pinned)
    note = f"{len(pinned)} pinned hashes" if same else "the manifest's hashes are not the pinned ones"
    return Check(folder.as_posix(), "upstream", Verdict.OK if same else Verdict.MISMATCH, note)


def _again(dataset: str, manifest: Path) -> Check:
    """Make a data set again from its pinned source, which this machine has, and compare the manifests."""
    with tempfile.TemporaryDirectory() as scratch:
        again = Path(scratch, dataset)
        storage.write_csv(sources.obtain(dataset, again, Options()).manifest, again / manifest.name)
        expected, found = storage.sha256(again / manifest.name), storage.sha256(manifest)
    same = expected == found
    note = "as the pinned source gives it" if same else "not what the pinned source gives"
    verdict = Verdict.OK if same else Verdict.MISMATCH
    return Check(manifest.parent.as_posix(), "upstream", verdict, note, expected, found)


def depicted(folder: Path, rows: "pd.DataFrame", outside: list[Path]) -> Iterator[Check]:
    """Compare the images of a data set with the manifest: files by their bytes, rows of one file by their pixels.

    Whatever else lies among them is a stranger: a file, a link, a pipe.
    """
    named = {str(file): str(digest) for file, digest in zip(rows["file"], rows["sha256"], strict=True)}
    paths = {locations.locate(folder, file).as_posix(): digest for file, digest in named.items()}
    strangers = _strangers(folder, {*paths, *_references(folder, named)})
    if strangers:  # which must not hide that another file differs
        yield Check(
            strangers[0], "images", Verdict.UNVERIFIABLE, f"{len(strangers)} files or links are not in the manifest"
        )
    found, of_rows = measure(Path(), paths, outside=outside), bool((rows["index"] >= 0).any())
    wrong = next(filter(None, (_image(path, found[path], paths[path], of_rows) for path in sorted(paths))), None)
    if wrong is not None:
        yield wrong
    elif of_rows:
        yield _rows(folder, rows)
    else:
        yield Check(f"{folder.as_posix()}/images", "images", Verdict.OK, f"{len(paths)} files as in the manifest")


def _references(folder: Path, named: Iterable[str]) -> Iterator[str]:
    """Yield the file that tells where images lie, of a data set that has them elsewhere."""
    if any(file.startswith(locations.REFERENCE) for file in named):
        yield f"{folder.as_posix()}/images/reference.json"


def _strangers(folder: Path, known: Container[str]) -> list[str]:
    """Return what lies among the images of a data set and is not known, nor an aid of git's or Snakemake's."""
    found = [place for place in walking.below(folder / "images") if place.as_posix() not in known]
    asked = any(place.name == ".gitignore" for place in found)
    held = (repository.tracked(repository.head() or "") if asked else None) or ()
    return sorted(place.as_posix() for place in found if not is_aid(place, place.as_posix(), held))


def _image(path: str, found: Found, told: str, of_rows: bool) -> Check | None:
    """Return what is wrong with a file that a manifest names; the hash of a file of rows is that of a row."""
    expected = None if of_rows else told
    if found.problem == "missing":
        return Check(path, "images", Verdict.MISSING, "the manifest names it, it does not exist", expected)
    if found.problem:
        return Check(path, "images", Verdict.UNVERIFIABLE, found.problem, expected)
    if not of_rows and found.sha256 != told:
        return Check(path, "images", Verdict.MISMATCH, "not what the manifest says", expected, found.sha256)
    return None


def _rows(folder: Path, rows: "pd.DataFrame") -> Check:
    subject = f"{folder.as_posix()}/images"
    try:
        images.arrays(folder, rows)
    except CaseSaliencyError as error:
        return Check(subject, "images", Verdict.MISMATCH, str(error).partition(";")[0])
    return Check(subject, "images", Verdict.OK, f"{len(rows)} images as in the manifest")


def _network(evidence: Evidence, run: Run, files: Mapping[str, str]) -> Iterator[Check]:
    """Compare weights with the description beside them, and the description with the pinned hash."""
    weights, description = files["weights"], files["description"]
    found = (evidence.found.get(weights) or measure(Path(), [weights])[weights]).sha256
    if measure(Path(), [description])[description].problem:
        return
    told = parse(read(Path(description).resolve()))["weights"]  # a link within the repository may be one of DVC's
    same = told["sha256"] == found
    note = "as the description says" if same else "not those that the description was written for"
    yield Check(weights, "weights", Verdict.OK if same else Verdict.MISMATCH, note, told["sha256"], found)
    if run.stage == "obtain_model":
        settings = run.parameters["settings"]
        yield _published(zoo.find(str(run.parameters["model"]), settings.get("models")), weights, told["source_sha256"])


def _published(spec: zoo.ModelSpec, weights: str, told: str | None) -> Check:
    """Compare the hash of the published file that the weights were made from with the pinned one."""
    source = spec.weights
    if isinstance(source, zoo.PackagedFile):
        pinned, same = source.sha256, told == source.sha256
    elif isinstance(source, zoo.DownloadedFile):
        pinned, same = source.sha256_prefix, str(told).startswith(source.sha256_prefix)
    else:
        return Check(weights, "upstream", Verdict.UNVERIFIABLE, "weights of the user's have no pinned hash")
    if not same:
        return Check(weights, "upstream", Verdict.MISMATCH, "made from another file than the pinned one", pinned, told)
    if isinstance(source, zoo.PackagedFile):
        try:
            source.read()
        except CaseSaliencyError as error:
            return Check(weights, "upstream", Verdict.UNVERIFIABLE, str(error), pinned, told)
    return Check(weights, "upstream", Verdict.OK, "made from the pinned file", pinned, told)
