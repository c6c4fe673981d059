"""What a compressed file claims to hold, compared with what can be true, before memory is taken for it."""

import math
import os
import resource
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py

_DEFLATE = 1032
"""Most bytes that a byte of deflate's unfolds to (https://zlib.net/zlib_tech.html)."""

_CHUNK = 2**24
"""Bytes that a part of an HDF5 variable may unfold to though the variable is smaller; netCDF makes parts of as many."""


def check_memory(claimed: int) -> None:
    """Refuse values that this process cannot hold.

    Parameters
    ----------
    claimed
        Bytes that a file says its values take in memory.

    Raises
    ------
    ValueError
        If they are more than the memory of the machine, or than the process may have (`ulimit -v`).

    Examples
    --------
    >>> check_memory(8)
    >>> check_memory(10**18)
    Traceback (most recent call last):
    ...
    ValueError: it claims 1,000,000,000.0 GB of values, more than the memory that there is
    """
    if claimed > _memory():
        raise ValueError(f"it claims {claimed / 10**9:,.1f} GB of values, more than the memory that there is")


def check_hdf5(file: "h5py.File", held: int) -> None:
    """Refuse an HDF5 file that is no file of maps: one that reaches elsewhere, nests, or claims what it cannot hold.

    A variable whose values were never stored takes no byte and unfolds to any number of fill values.

    Parameters
    ----------
    file
        The file, opened.
    held
        Its size in bytes.

    Raises
    ------
    ValueError
        If it holds something else than groups of variables; if values or links lie in another file; if its variables
        claim more bytes than a file of this size unfolds to, or are stored so that more bytes come of them.
    """
    claimed = sum(variable.size * variable.dtype.itemsize for variable in _variables(file))
    if claimed > _DEFLATE * held:
        raise ValueError(f"it claims {claimed:,} bytes of values, which cannot be in a file of {held:,} bytes")


def _variables(file: "h5py.File") -> "Iterator[h5py.Dataset]":
    """Yield the variables of the root and of its groups."""
    import h5py

    for group in (file, *(found for found in _members(file) if isinstance(found, h5py.Group))):
        for found in _members(group):
            if isinstance(found, h5py.Dataset):
                _check_storage(found)
                yield found
            elif group != file or not isinstance(found, h5py.Group):
                raise ValueError(f"{found.name} is neither a variable nor the group of a layer")


def _check_storage(variable: "h5py.Dataset") -> None:
    """Refuse values that lie elsewhere, are of no kind that maps have, or unfold to more than their variable claims."""
    import h5py

    if variable.is_virtual or variable.external:
        raise ValueError(f"the values of {variable.name} are said to be in another file")
    if variable.shape is None:
        raise ValueError(f"{variable.name} has no values")
    if variable.dtype.kind not in "biuf" and h5py.check_string_dtype(variable.dtype) is None:
        raise ValueError(f"the values of {variable.name} are {variable.dtype}, neither numbers nor texts")
    made = variable.id.get_create_plist()
    filters = [made.get_filter(place)[0] for place in range(made.get_nfilters())]
    known = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
    if len(filters) > len(set(filters) & known):
        raise ValueError(f"the values of {variable.name} went through filters {filters}: one deflate is known")
    part = math.prod(variable.chunks or ()) * variable.dtype.itemsize
    if part > max(variable.size * variable.dtype.itemsize, _CHUNK):
        raise ValueError(f"the values of {variable.name} lie in parts of {part:,} bytes, more than they are together")


def _members(group: "h5py.Group") -> "Iterator[h5py.Group | h5py.Dataset | h5py.Datatype]":
    import h5py

    if leading := [name for name in group if not isinstance(group.get(name, getlink=True), h5py.HardLink)]:
        raise ValueError(f"{leading[0]} is a link, which may lead anywhere")
    yield from (group[name] for name in group)


def _memory() -> int:
    """Bytes that the machine has, or that the process may take."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    return machine if allowed == resource.RLIM_INFINITY else min(machine, allowed)
