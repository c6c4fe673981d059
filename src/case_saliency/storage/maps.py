"""Saliency maps: netCDF-4, one group for each target layer, read lazily."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.bounds import check_hdf5, check_memory
from case_saliency.storage.map_writer import map_writer
from case_saliency.storage.schema import check_version, unreadable

if TYPE_CHECKING:
    import h5py
    import numpy as np
    import xarray as xr

_PACKED = ("scale_factor", "add_offset")
"""Attributes of a netCDF variable whose values are not what is stored."""

_NOTED_BY = "noted_by"
"""Attribute of a variable that is no map, and was noted beside maps."""


def write_maps(
    layers: Mapping[str, "xr.Dataset"], path: str | os.PathLike[str], attributes: Mapping[str, Any] | None = None
) -> None:
    """Write saliency maps as netCDF-4: one group for each target layer.

    Parameters
    ----------
    layers
        Target layer name -> dataset whose variables are methods with dims (image, target, y, x) at native resolution,
        with coordinates `image` (ids) and `target` (such as "top1", "top2") and the parameters in each variable's
        attrs; further variables `<method>__<name>`, with the attribute `noted_by`, hold what methods note beside
        their maps.
    path
        File to write, ending in .nc.
    attributes
        Global attributes.

    Raises
    ------
    ValueError
        If there are no images, for netCDF would not keep that ids are texts; if layers do not have the same; if a slash
        in a layer's name would be a group.
    """
    images: list[str] = next((dataset["image"].values.tolist() for dataset in layers.values()), [])
    with map_writer(path, images, attributes) as writer:
        writer.append(layers)


@dataclass(frozen=True)
class StoredMaps:
    """The maps of one method at one layer in one file, read as they are asked for. The file is open only meanwhile.

    Attributes
    ----------
    file
        Where they lie.
    name
        Layer and method: `<layer>/<method>`.
    images
        Ids, in order.
    shape
        (image, target, y, x).
    """

    file: Path
    name: str
    images: tuple[str, ...]
    shape: tuple[int, ...]

    def read(self, rows: "slice | list[int]") -> "np.ndarray[Any, Any]":
        """Return the maps of some images, in the order of the rows.

        Raises
        ------
        CaseSaliencyError
            If they cannot be read: only now does HDF5 see that values are damaged.
        """
        import h5py
        import numpy as np

        try:
            with h5py.File(self.file) as file:
                values = _numbers(file[self.name])
                wanted = np.arange(len(self.images))[rows]
                check_memory(len(wanted) * math.prod(self.shape[1:]) * values.dtype.itemsize)
                if isinstance(rows, slice):
                    return np.asarray(values[rows])
                ascending, places = np.unique(wanted, return_inverse=True)  # as HDF5 wants them
                return np.asarray(values[ascending][places])
        except Exception as error:  # on damaged files HDF5 stumbles in every way
            raise unreadable(self.file, error) from error


def open_maps(path: str | os.PathLike[str]) -> dict[str, dict[str, StoredMaps]]:
    """Return what a map file holds, without the values: target layer -> method -> maps.

    Raises
    ------
    CaseSaliencyError
        If it cannot be read, holds something else than maps, or an image twice.
    """
    import h5py

    path = Path(path)
    try:
        with h5py.File(path) as file:
            check_hdf5(file, path.stat().st_size)
            check_version(_version(file), path)
            groups = {name: group for name, group in file.items() if isinstance(group, h5py.Group)}
            return {layer: _stored(group, layer, path) for layer, group in groups.items()}
    except CaseSaliencyError:
        raise
    except Exception as error:  # as above
        raise unreadable(path, error) from error


def _version(file: "h5py.File") -> Any:
    """Return the schema version, of which netCDF makes a list; None if there is none."""
    if "schema_version" not in file.attrs:
        return None
    kept = file.attrs.get_id("schema_version")
    if kept.dtype.kind not in "iu" or kept.get_space().get_simple_extent_npoints() != 1:
        raise ValueError(f"schema_version is {kept.dtype}, {kept.shape}, not one whole number")
    return file.attrs["schema_version"].item()


def _stored(group: "h5py.Group", layer: str, path: Path) -> dict[str, StoredMaps]:
    if "image" not in group:
        raise ValueError(f"{layer} names no images")
    images = _ids(group["image"])
    return {
        name: StoredMaps(path, f"{layer}/{name}", images, _shape(values, len(images)))
        for name, values in group.items()
        if values.ndim == 4 and _NOTED_BY not in values.attrs
    }


def _shape(maps: "h5py.Dataset", images: int) -> tuple[int, ...]:
    if packed := [attribute for attribute in _PACKED if attribute in maps.attrs]:
        raise ValueError(f"the values of {maps.name} are packed ({packed[0]}), maps are not")
    if len(maps) != images:
        raise ValueError(f"{maps.name} has maps of {len(maps)} images, and {images} are named beside it")
    if 0 in maps.shape:
        raise ValueError(f"the maps of {maps.name} are {maps.shape}, without pixels")
    return tuple(maps.shape)


def _ids(characters: "h5py.Dataset") -> tuple[str, ...]:
    """Return the ids of images, stored as they are: folded, many take few bytes of a file."""
    name = characters.name
    if characters.dtype != "S1" or characters.ndim != 2:
        raise TypeError(f"{name} is {characters.dtype}, ids of images are rows of characters")
    if 0 in characters.shape:
        raise ValueError(f"{name} is {characters.shape}, without a character")
    if characters.chunks or characters.id.get_storage_size() != characters.size:
        raise ValueError(f"{name} is compressed, in parts or not stored, which ids of images are not")
    rows = characters[:].view(f"S{characters.shape[1]}").ravel().tolist()
    try:
        found = tuple(row.decode() for row in rows)
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not in UTF-8") from error
    if len(set(found)) < len(found):
        raise ValueError(f"an image stands twice in {name}")
    return found


def _numbers(values: "h5py.Dataset") -> "h5py.Dataset":
    if values.dtype.kind != "f":
        raise TypeError(f"{values.name} is {values.dtype}, maps are numbers with a fraction")
    return values
