"""Import what stages compute with at less cost.

Importing the libraries costs a job as much processor time as a small experiment computes. Two things make it less, and
change nothing that a library does:

- `torchvision.ops.roi_align` imports torch's compiler for one function that it calls only on a GPU in deterministic
  mode. While that module is imported, stand-ins take the compiler's place; they fetch the function when it is called,
  and are gone afterwards: whoever imports the compiler gets the real one.
- While a large library is imported, Python does not look for garbage among what it makes: all of it is kept.
"""

import gc
import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

COMPILER = ("torch._dynamo", "torch._dynamo.utils")
"""What `torchvision.ops.roi_align` is imported without."""
_FUNCTION = "is_compile_supported"


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules where they would be found anyhow, and executes some of them within a context."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        found = importlib.machinery.PathFinder.find_spec(name, path, target) if name in _AROUND else None
        if found is not None and found.loader is not None:
            found.loader = _Within(found.loader, _AROUND[name])
        return found


class _Within(importlib.abc.Loader):
    """A loader in place of the real one, which the module has again once it is there."""

    def __init__(self, real: importlib.abc.Loader, around: Callable[[], AbstractContextManager[None]]) -> None:
        self.real = real
        self.around = around

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self.real
        if module.__spec__ is not None:
            module.__spec__.loader = self.real
        with self.around():
            self.real.exec_module(module)


@contextmanager
def _without_compiler() -> Iterator[None]:
    if COMPILER[0] in sys.modules:
        yield
        return
    stand_ins = {name: ModuleType(name) for name in COMPILER}
    setattr(stand_ins[COMPILER[1]], _FUNCTION, _is_compile_supported)
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in COMPILER:
            sys.modules.pop(name)


def _is_compile_supported(device: Any) -> bool:
    return bool(getattr(importlib.import_module(COMPILER[1]), _FUNCTION)(device))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage, and never again among what is there at the end."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


_AROUND: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "torchvision.ops.roi_align": _without_compiler,
    **dict.fromkeys(("torch", "torchvision", "pandas", "scipy.stats", "matplotlib.figure", "xarray"), _uncollected),
}


def import_lean() -> None:
    """Import as this module says, from now on."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
