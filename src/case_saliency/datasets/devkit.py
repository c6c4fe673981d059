"""The development kit of ILSVRC2012: which class each validation image shows."""

from pathlib import Path

from case_saliency import storage
from case_saliency.datasets import archives, labels, synsets
from case_saliency.errors import CaseSaliencyError

_KIT = "ILSVRC2012_devkit_t12"
_TRUTH, _META = "data/ILSVRC2012_validation_ground_truth.txt", "data/meta.mat"
_LIMIT = 10**7  # bytes; the published kit unpacks to 3 million
_DIGITS = 9  # of an ID; Python refuses to convert thousands


def classes(root: Path) -> list[int | None]:
    """Return the class index of each validation image, by its number.

    The ground truth has one line for each image, an ILSVRC2012_ID. `meta.mat` says which WordNet id that is, and the
    class index is its place among the sorted WordNet ids. None stands for an ID that is not one of the 1,000 classes.

    Parameters
    ----------
    root
        The folder that holds the kit, unpacked (`ILSVRC2012_devkit_t12/`) or not (`ILSVRC2012_devkit_t12.tar.gz`).

    Raises
    ------
    CaseSaliencyError
        If the kit is missing or damaged.
    """
    truth, meta, origin = _read(root)
    indices = {name: index for index, name in enumerate(labels.wordnet_ids())}
    by_id = {number: indices[name] for number, name in _synsets(meta, origin).items() if name in indices}
    lines = truth.decode("ascii", "replace").split()
    if not lines or not all(line.isdecimal() and len(line) <= _DIGITS for line in lines):
        raise CaseSaliencyError(f"{origin}/{_TRUTH}: whole numbers expected, one a line; use the published file")
    return [by_id.get(int(line)) for line in lines]


def _read(root: Path) -> tuple[bytes, bytes, Path]:
    folder, archive = root / _KIT, root / f"{_KIT}.tar.gz"
    if folder.is_dir():
        try:
            truth, meta = (storage.read_bytes(folder / name, _LIMIT) for name in (_TRUTH, _META))
        except OSError as error:
            raise CaseSaliencyError(f"{error.filename}: {error.strerror}; unpack {_KIT}.tar.gz again") from error
        return truth, meta, folder
    if archive.is_file():
        found = archives.read_tar(archive, [f"{_KIT}/{_TRUTH}", f"{_KIT}/{_META}"], _LIMIT)
        return found[f"{_KIT}/{_TRUTH}"], found[f"{_KIT}/{_META}"], archive
    raise CaseSaliencyError(
        f"{root}: validation images without labels; put {_KIT}.tar.gz, or the folder {_KIT} that it unpacks to, there"
    )


def _synsets(meta: bytes, origin: Path) -> dict[int, str]:
    """Return ILSVRC2012_ID -> WordNet id of the synsets without children."""
    try:
        return synsets.read(meta)
    except synsets.UnreadableError as error:
        raise CaseSaliencyError(f"{origin}/{_META}: cannot be read ({error}); use the published file") from error
