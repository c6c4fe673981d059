"""What a compressed file claims to hold, compared with what can be true, before memory is taken for it."""

import math
import os
import resource
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py

_DEFLATE = 1032
"""Most bytes that a byte of deflate's unfolds to (https://zlib.net/zlib_tech.html)."""

_CHUNK = 2**13
"""Bytes that HDF5 takes for a part of a variable beside its values."""

_SMALL = 2**27
"""Bytes that values may take however small their file is: those of a column that are equal take next to none there."""


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


def check_unfolded(claimed: int, held: int) -> None:
    """Refuse values that take more memory than a file of this size has a reason to, or than there is.

    Parameters
    ----------
    claimed
        Bytes that the values take in memory.
    held
        Size of the file in bytes.

    Raises
    ------
    ValueError
        If they are more than 128 MiB and than deflate unfolds to at most; as `check_memory`.

    Examples
    --------
    >>> check_unfolded(10**8, 1000)
    >>> check_unfolded(10**9, 1000)
    Traceback (most recent call last):
    ...
    ValueError: it claims 1,000,000,000 bytes of values, which cannot be in a file of 1,000 bytes
    """
    if claimed > max(_SMALL, _DEFLATE * held):
        raise ValueError(f"it claims {claimed:,} bytes of values, which cannot be in a file of {held:,} bytes")
    check_memory(claimed)


def check_hdf5(file: "h5py.File", held: int) -> None:
    """Refuse an HDF5 file that is no file of maps: one that reaches elsewhere, nests, or claims what it cannot hold.

    A variable whose values were never stored takes no byte and unfolds to any number of fill values, and each of its
    parts is unfolded whole, however little of it is the variable's.

    Parameters
    ----------
    file
        The file, opened.
    held
        Its size in bytes.

    Raises
    ------
    TypeError, ValueError
        If it holds something else than groups of variables, or one of them by two names; if values or links lie in
        another file, or went through filters that unfold further; if the parts of its variables claim more bytes than
        a file of this size unfolds to.
    """
    claimed = sum(_unfolded(variable) for variable in _variables(file))
    if claimed > _DEFLATE * held:
        raise ValueError(f"it claims {claimed:,} bytes of values, which cannot be in a file of {held:,} bytes")


def _variables(file: "h5py.File") -> "Iterator[h5py.Dataset]":
    """Yield the variables of the root and of its groups."""
    import h5py

    known = {_place(file)}
    inside = list(_members(file, known))
    layers = (found for found in inside if isinstance(found, h5py.Group))
    rest = (found for found in inside if not isinstance(found, h5py.Group))
    for found in chain(rest, *(_members(layer, known) for layer in layers)):
        if not isinstance(found, h5py.Dataset):
            raise TypeError(f"{found.name} is neither a variable nor the group of a layer")
        _check_storage(found)
        yield found


def _members(group: "h5py.Group", known: set[int]) -> "Iterator[h5py.Group | h5py.Dataset | h5py.Datatype]":
    """Yield what lies in a group; `known` are the places in the file of what was met before."""
    import h5py

    for name in group:
        if type(group.get(name, getlink=True)) is not h5py.HardLink:
            raise ValueError(f"{name} is a link, which may lead anywhere")
        found = group[name]
        if (place := _place(found)) in known:
            raise ValueError(f"{found.name} is there by another name, too")
        known.add(place)
        yield found


def _place(found: "h5py.Group | h5py.Dataset | h5py.Datatype") -> int:
    """Return where in its file something lies."""
    import h5py

    return int(h5py.h5o.get_info(found.id).addr)


def _check_storage(variable: "h5py.Dataset") -> None:
    """Refuse values that lie elsewhere, are of no kind that maps have, or went through filters that unfold further."""
    import h5py

    if variable.is_virtual or variable.external:
        raise ValueError(f"the values of {variable.name} are said to be in another file")
    if variable.shape is None:
        raise ValueError(f"{variable.name} has no values")
    kind = variable.id.get_type()  # its dtype takes long to make if it has thousands of members
    plain = kind.get_class() in {h5py.h5t.FLOAT, h5py.h5t.INTEGER, h5py.h5t.STRING}
    if not plain and not (kind.get_class() == h5py.h5t.ENUM and kind.get_nmembers() == len({True, False})):
        raise ValueError(f"the values of {variable.name} are neither numbers nor texts")
    made = variable.id.get_create_plist()
    filters = [made.get_filter(place)[0] for place in range(made.get_nfilters())]
    known = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
    if len(filters) > len(set(filters) & known):
        raise ValueError(f"the values of {variable.name} went through filters {filters}: one deflate is known")


def _unfolded(variable: "h5py.Dataset") -> int:
    """Return the bytes that all parts of a variable take when they are read."""
    size = variable.id.get_type().get_size()
    if variable.chunks is None:
        return int(variable.size * size)
    parts = math.prod(-(-length // part) for length, part in zip(variable.shape, variable.chunks, strict=True))
    return int(parts * (math.prod(variable.chunks) * size + _CHUNK))


def _memory() -> int:
    """Bytes that the machine has, or that the process may take."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    return machine if allowed == resource.RLIM_INFINITY else min(machine, allowed)
