"""Saliency maps: netCDF-4, one group for each target layer, read lazily."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from case_saliency.storage.bounds import check_hdf5, check_memory
from case_saliency.storage.files import atomic
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr


def write_maps(
    layers: Mapping[str, "xr.Dataset"], path: str | os.PathLike[str], attributes: Mapping[str, Any] | None = None
) -> None:
    """Write saliency maps as netCDF-4: one group for each target layer.

    Parameters
    ----------
    layers
        Target layer name -> dataset whose variables are methods with dims (image, target, y, x) at native resolution,
        with coordinates `image` (ids) and `target` (such as "top1", "top2") and the parameters in each variable's
        attrs; further variables `<method>__<name>` hold what methods note beside their maps.
    path
        File to write, ending in .nc.
    attributes
        Global attributes.
    """
    import xarray as xr

    tree = xr.DataTree.from_dict({f"/{name}": layers[name] for name in sorted(layers)})
    tree.attrs = {"schema_version": SCHEMA_VERSION, **(attributes or {})}
    encoding = {
        f"/{name}": {str(variable): {"zlib": True, "complevel": 4} for variable in dataset.data_vars}
        for name, dataset in layers.items()
    }
    content = tree.to_netcdf(engine="h5netcdf", encoding=encoding)  # in memory: HDF5 is noisy when a disk is full
    with atomic(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def open_maps(path: str | os.PathLike[str]) -> Iterator[dict[str, "xr.Dataset"]]:
    """Open a map file lazily: target layer name -> dataset (see `write_maps`).

    Raises
    ------
    CaseSaliencyError
        If it cannot be read, holds something else than maps, or an image twice.
    """
    import xarray as xr

    try:
        check_hdf5(path)
        tree = xr.open_datatree(path, engine="h5netcdf", chunks=None)
    except Exception as error:  # on damaged files these readers stumble in every way
        raise unreadable(path, error) from error
    with tree:
        check_version(tree.attrs.get("schema_version"), path)
        layers = {name: node.to_dataset() for name, node in tree.children.items()}
        for name, layer in layers.items():
            if "image" in layer.coords and not layer.indexes["image"].is_unique:
                raise unreadable(path, ValueError(f"an image stands twice in {name}"))
            for variable in layer.variables.values():
                variable.encoding["source"] = os.fspath(path)  # not all bring it
        yield layers


def read_values(maps: "xr.DataArray", rows: "slice | list[int]") -> "np.ndarray[Any, Any]":
    """Read some images of maps that `open_maps` opened; only then does HDF5 see that values are damaged."""
    source = maps.encoding["source"]
    try:
        chosen = maps.isel(image=rows)
        check_memory(chosen.nbytes)
        values = chosen.to_numpy()
    except Exception as error:  # as above
        raise unreadable(source, error) from error
    if values.dtype.kind != "f":
        raise unreadable(source, TypeError(f"{maps.name} is {values.dtype}, maps are numbers with a fraction"))
    return values
