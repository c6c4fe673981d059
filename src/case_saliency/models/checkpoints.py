"""Files of weights that somebody else made: read without executing pickled code, and refused if they hold more."""

import io
import pickle
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.models.spec import FORMATS

if TYPE_CHECKING:
    import torch

_SHOWN = 5  # names in one message
_LONGEST = 100  # characters of a name in it


def tensors(content: bytes, source: str) -> "dict[str, torch.Tensor]":
    """Return the tensors of a file by name.

    Parameters
    ----------
    content
        Bytes of a safetensors file, or of what `torch.save` wrote, in its format of today or its older one.
    source
        Where they come from, for messages; its ending tells which of the two it is.

    Raises
    ------
    CaseSaliencyError
        If the file holds anything else than dense tensors by name, is compressed, or cannot be read.
    """
    import safetensors.torch
    import torch

    try:
        if source.endswith(FORMATS[0]):
            found: Any = safetensors.torch.load(content)
        else:
            found = torch.load(io.BytesIO(_unpacked(content)), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # whose advice is to read it all the same
        raise CaseSaliencyError(
            f"{source}: refused, a file of plain tensors was expected: whatever else it holds could run code when it "
            "is read; save the state_dict alone, best as safetensors"
        ) from error
    except Exception as error:  # on damaged files these readers stumble in every way
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaseSaliencyError(
            f"{source}: refused, a file of plain tensors was expected ({reason}); use a trusted source"
        ) from error
    return _plain(found, source)


def _unpacked(content: bytes) -> bytes:
    """Return the zip file that `torch.save` wrote, packed anew from entries that are not compressed.

    A few bytes of a compressed entry may stand for gigabytes. Packed anew, because two readers of one damaged zip file
    need not find the same entries: what torch reads is what was checked here.
    """
    if not content.startswith(b"PK\x03\x04"):  # as torch tells the two formats apart
        return content
    again = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(again, "w") as copy:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if sum(entry.file_size for entry in entries.values()) > len(content):
            raise ValueError("it is compressed, as torch.save leaves no file")
        for name, entry in entries.items():
            copy.writestr(name, archive.read(entry))
    return again.getvalue()


def _plain(found: Any, source: str) -> "dict[str, torch.Tensor]":
    """Return what was read if it is tensors by name; else say what it is, and where the tensors may be."""
    import torch

    if not isinstance(found, Mapping):
        raise CaseSaliencyError(
            f"{source}: refused, tensors by name were expected, {type(found).__name__} found; save the network's "
            "state_dict()"
        )
    strange = [
        name for name, value in found.items() if not isinstance(name, str) or not isinstance(value, torch.Tensor)
    ]
    if strange:
        inside = [name for name in strange if isinstance(found[name], Mapping)]
        remedy = f"save {_shown(inside[0])} alone" if inside else "save the network's state_dict() alone"
        listed = [*(_told(name, found[name]) for name in strange[:_SHOWN]), *(["..."] if strange[_SHOWN:] else [])]
        raise CaseSaliencyError(
            f"{source}: refused, tensors by name were expected, {', '.join(listed)} found; {remedy}"
        )
    for name, value in found.items():
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            raise CaseSaliencyError(
                f"{source}: refused, {_shown(name)} is sparse, quantised or without values; save dense tensors"
            )
    return dict(found)


def _told(name: Any, value: Any) -> str:
    return f"{_shown(name)} ({type(value).__name__})"


def _shown(name: Any) -> str:
    if not isinstance(name, str):
        return f"a name that is {type(name).__name__}"
    return repr(name if len(name) <= _LONGEST else name[:_LONGEST] + "...")
