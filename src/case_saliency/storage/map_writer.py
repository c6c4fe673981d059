"""Write saliency maps part by part: what is held in memory does not grow with the images."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from case_saliency.storage.files import atomic
from case_saliency.storage.hdf5_target import Target
from case_saliency.storage.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    import h5netcdf
    import h5py
    import numpy as np
    import xarray as xr

_CHUNK = 2**16
"""Bytes that a chunk takes at most before compression, unless one image takes more; larger ones are written slower."""

_IMAGE = "image"


@contextmanager
def map_writer(
    path: str | os.PathLike[str], images: Sequence[str], attributes: Mapping[str, Any] | None = None
) -> "Iterator[MapWriter]":
    """Open a file of maps, to which they are appended part by part; it is there once the context is left in order.

    Its bytes depend on the maps, not on how they were cut into parts.

    Parameters
    ----------
    path
        File to write, ending in .nc.
    images
        Ids of all images, in order.
    attributes
        Global attributes.

    Raises
    ------
    CaseSaliencyError
        If the file cannot be written (disk full, no permission); names the file and the reason.
    ValueError
        If there are no images, for netCDF would not keep that ids are texts; if not all that were named were appended.
    """
    import h5netcdf
    import h5py

    if not images:
        raise ValueError(f"{path}: no image is named")
    foreign: OSError | None = None
    try:
        with atomic(path) as temporary, Target(temporary, "r+b") as target:
            # Without a cache, a chunk is compressed and stored as soon as it is written, and none is held.
            opened = h5py.File(target, "w", track_order=True, rdcc_nbytes=0)  # in order, as netCDF-4 wants it
            with opened, h5netcdf.File(opened, "w") as file:
                file.attrs.update({"schema_version": SCHEMA_VERSION, **(attributes or {})})
                writer = MapWriter(file, opened, target, images)
                try:
                    yield writer
                except OSError as error:
                    if error is not target.failure:
                        foreign = error
                    raise
                writer.finish()
            target.check()
    except Exception:
        if foreign is None:
            raise
    if foreign is not None:  # of what draws the maps: `atomic` says that it is about the file
        raise foreign


class MapWriter:
    """Appends maps to a file that `map_writer` opened."""

    def __init__(self, file: "h5netcdf.File", opened: "h5py.File", target: "Target", images: Sequence[str]) -> None:
        self._file = file
        self._opened = opened  # the same file: h5netcdf takes thrice as long to write a chunk
        self._target = target
        self._images = images
        self._written = 0
        self._columns: dict[tuple[str, str], _Column] = {}
        self._attributes: dict[tuple[str, str], Mapping[Any, Any]] = {}

    def append(self, layers: "Mapping[str, xr.Dataset]") -> None:
        """Append the maps of the next images.

        Parameters
        ----------
        layers
            As `maps.write_maps` takes them. The attributes of variables may differ from part to part: the file gets
            those of the last.

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            If these are not the next images, or variables or their shapes are not those of the first part.
        """
        layers = {name: layers[name] for name in sorted(layers)}
        if not self._written:
            for name, dataset in layers.items():
                self._columns |= {(name, own): column for own, column in self._laid_out(name, dataset).items()}
        count = {dataset.sizes[_IMAGE] for dataset in layers.values()}.pop() if layers else 0
        expected = list(self._images[self._written : self._written + count])
        for name, dataset in layers.items():
            if dataset[_IMAGE].values.tolist() != expected:
                raise ValueError(f"the images of {name} are not the next ones, {', '.join(expected[:3])} ...")
        found = {
            (name, str(own)): variable.values
            for name, dataset in layers.items()
            for own, variable in dataset.variables.items()
            if _grows(str(own), variable)
        }
        if {at: values.shape[1:] for at, values in found.items()} != {at: c.shape for at, c in self._columns.items()}:
            raise ValueError(f"variables or shapes of image {expected[0]} and on are not those of the first images")
        self._attributes = {
            (name, str(own)): variable.attrs
            for name, dataset in layers.items()
            for own, variable in dataset.variables.items()
        }
        self._append(found, count)
        self._written += count

    def finish(self) -> None:
        """Write the attributes, after the last part.

        Raises
        ------
        ValueError
            If images are missing.
        """
        if self._written < len(self._images):
            raise ValueError(f"maps of {self._written} images were written, {len(self._images)} were to come")
        for (layer, name), attributes in self._attributes.items():
            self._file[layer][name].attrs.update(attributes)

    def _append(self, found: "Mapping[tuple[str, str], np.ndarray[Any, Any]]", count: int) -> None:
        """Append rows from one end of a chunk to the next, whosever it is: the order of chunks is always the same."""
        start = 0
        while start < count:
            room = min((column.room for column in self._columns.values()), default=count)
            stop = min(count, start + room)
            for at, column in self._columns.items():
                column.append(found[at][start:stop])
            self._target.check()
            start = stop

    def _laid_out(self, layer: str, dataset: "xr.Dataset") -> "dict[str, _Column]":
        """Make the group of a layer and all its variables; return those that take a row of each image."""
        if "/" in layer:
            raise ValueError(f"layer {layer!r} has a slash in its name, which would make it two groups")
        group = self._file.create_group(layer)
        group.attrs.update(dataset.attrs)
        for dimension, size in dataset.sizes.items():
            group.dimensions[dimension] = len(self._images) if dimension == _IMAGE else size
        columns = {}
        for name, variable in ((str(name), variable) for name, variable in dataset.variables.items()):
            if _grows(name, variable):
                _create(group, name, variable, dataset)
                columns[name] = _Column(self._opened[layer][name])
            elif variable.dtype.kind in "OUT":
                _write_texts(group, name, self._images if name == _IMAGE else variable.values.tolist())
            else:
                _create(group, name, variable, dataset)[...] = variable.values
        return columns


class _Column:
    """A variable of an open file with a row for each image; what does not fill a chunk waits."""

    def __init__(self, variable: "h5py.Dataset") -> None:
        import numpy as np

        self.shape = variable.shape[1:]
        self._variable = variable
        self._length = len(variable)
        self._written = 0
        self._waiting = np.empty((_rows(variable.shape, variable.dtype), *self.shape), variable.dtype)
        self._filled = 0

    @property
    def room(self) -> int:
        """How many rows are left until the next chunk is full."""
        return len(self._waiting) - self._filled

    def append(self, values: "np.ndarray[Any, Any]") -> None:
        """Take rows, no more than there is room for."""
        end = self._filled + len(values)
        self._waiting[self._filled : end] = values
        self._filled = end
        if not self.room or self._written + self._filled == self._length:
            self._variable[self._written : self._written + self._filled] = self._waiting[: self._filled]
            self._written += self._filled
            self._filled = 0


def _grows(name: str, variable: "xr.Variable") -> bool:
    """Whether a variable has a row for each image; their ids are written at once."""
    return variable.dims[:1] == (_IMAGE,) and name != _IMAGE


def _rows(shape: Sequence[int], dtype: "np.dtype[Any]") -> int:
    """Return how many images a chunk holds: all, or a power of two, so that the batches of a reader seldom cut one."""
    fitting = _CHUNK // max(1, math.prod(shape[1:]) * dtype.itemsize)
    return min(shape[0], 1 << max(0, fitting.bit_length() - 1))


def _create(group: "h5netcdf.Group", name: str, variable: "xr.Variable", dataset: "xr.Dataset") -> "h5netcdf.Variable":
    """Make a variable as xarray does: truth as bytes, coordinates that are no dimension named beside the values."""
    import numpy as np

    truth = variable.dtype.kind == "b"
    dtype = np.dtype("i1") if truth else variable.dtype
    shape = [len(group.dimensions[dimension]) for dimension in variable.dims]
    chunked = name in dataset.data_vars and _grows(name, variable)
    chunks = (_rows(shape, dtype), *(max(1, size) for size in shape[1:])) if chunked else None
    packing = {"chunks": chunks, "compression": "gzip", "compression_opts": 4} if chunked else {}
    missing = np.nan if dtype.kind == "f" else None
    made = group.create_variable(name, variable.dims, dtype, fillvalue=missing, **packing)
    if truth:
        made.attrs["dtype"] = "bool"
    beside = sorted(
        str(own) for own in set(dataset.coords) - set(dataset.dims) if {*dataset[own].dims} <= {*variable.dims}
    )
    if beside and name in dataset.data_vars:
        made.attrs["coordinates"] = " ".join(beside)
    return made


def _write_texts(group: "h5netcdf.Group", name: str, texts: Sequence[str]) -> None:
    """Write a coordinate of texts as characters.

    HDF5 keeps texts of any length in heaps, and some damage to a heap lets it read forever.
    """
    import numpy as np

    encoded = np.array([text.encode() for text in texts])
    width = max(1, encoded.dtype.itemsize)
    axis = f"string{width}"
    if axis not in group.dimensions:
        group.dimensions[axis] = width
    made = group.create_variable(name, (name, axis), "S1")
    made.attrs["_Encoding"] = "utf-8"
    made[...] = encoded.astype(f"S{width}")[:, None].view("S1")
