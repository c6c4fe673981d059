"""Import what stages compute with, and no more of it than they use.

Importing the libraries costs a job as much processor time as a small experiment computes. Three things make it less,
and change nothing that a library does:

- Modules that others import and that nothing here asks for are not executed before somebody does (`UNASKED`).
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
UNASKED = (
    *("torch.masked", "torch.nn.intrinsic", "torch.nn.qat", "torch.quantization", "torch.onnx.ops"),
    *("torchvision.datasets", "statsmodels.iolib.summary2", "numpy.f2py"),
)
"""Modules that wait until somebody asks for anything in them."""


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules where they would be found anyhow, and lets some be executed in another way."""

    def __init__(self) -> None:
        self.waiting: dict[str, _Waiting] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if (package := self.waiting.pop(name.rpartition(".")[0], None)) is not None:
            package.execute()  # before what is in it, as ever
        if name not in UNASKED and name not in _AROUND:
            return None
        found = importlib.machinery.PathFinder.find_spec(name, path, target)
        if found is not None and found.loader is not None:
            if name in UNASKED:
                self.waiting[name] = found.loader = _Waiting(found.loader, self.waiting)
            else:
                found.loader = _Within(found.loader, _AROUND[name])
        return found


class _Loader(importlib.abc.Loader):
    """A loader in place of the real one, which the module has again once it is there."""

    def __init__(self, real: importlib.abc.Loader) -> None:
        self.real = real

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self.real
        if module.__spec__ is not None:
            module.__spec__.loader = self.real


class _Within(_Loader):
    """Executes a module within a context."""

    def __init__(self, real: importlib.abc.Loader, around: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__(real)
        self.around = around

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        with self.around():
            self.real.exec_module(module)


class _Waiting(_Loader):
    """Executes a module when an attribute is asked of it that it does not have yet."""

    def __init__(self, real: importlib.abc.Loader, waiting: "dict[str, _Waiting]") -> None:
        super().__init__(real)
        self.waiting = waiting

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        self.module = module
        vars(module)["__getattr__"] = self._get

    def execute(self) -> None:
        """Execute the module."""
        self.waiting.pop(self.module.__name__, None)
        if vars(self.module).pop("__getattr__", None) is not None:
            self.real.exec_module(self.module)

    def _get(self, name: str) -> Any:
        self.execute()
        return getattr(self.module, name)


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
