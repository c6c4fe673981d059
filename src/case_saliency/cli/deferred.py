"""Import what stages compute with at less cost.

Importing the libraries costs a job as much processor time as a small experiment computes. Two things make it less, and
change nothing that a stage uses:

- While some modules are imported, stand-ins take the place of what they import and hardly need. They are gone
  afterwards: whoever imports the real thing gets it.
  `torchvision.ops.roi_align` imports torch's compiler for one function that it calls only on a GPU in deterministic
  mode; its stand-in fetches the function when it is called. scipy imports `numpy.f2py`, a compiler for Fortran, with
  all names of numpy. torch imports NVIDIA's bindings, if there are any, to inspect CUDA graphs, and can do without.
- torch's optimisers import the compiler when they are first used, to tell it what not to compile. As long as nobody has
  imported it, there is nothing to tell.
- While a large library is imported, Python does not look for garbage among what it makes: all of it is kept.
"""

import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

COMPILER = ("torch._dynamo", "torch._dynamo.utils")
DECORATOR, OPTIMISER = "torch._compile", "torch.optim.optimizer"
FORTRAN, BINDINGS = "numpy.f2py", "cuda.bindings"
_FUNCTION, _BREAK = "is_compile_supported", "graph_break"


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
def _instead(stand_ins: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Put stand-ins for modules that are not there yet; None stands for a package that is not installed."""
    placed: dict[str, Any] = {name: stand_in for name, stand_in in stand_ins.items() if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name in placed:
            sys.modules.pop(name, None)


def _without_compiler() -> AbstractContextManager[None]:
    stand_ins = {name: ModuleType(name) for name in COMPILER}
    setattr(stand_ins[COMPILER[1]], _FUNCTION, _is_compile_supported)
    return _instead(stand_ins)


def _is_compile_supported(device: Any) -> bool:
    return bool(getattr(importlib.import_module(COMPILER[1]), _FUNCTION)(device))


@contextmanager
def _telling_no_compiler() -> Iterator[None]:
    """Execute `torch._compile`, whose decorator then imports the compiler no more, to disable what it does not see."""
    yield
    module: Any = sys.modules[DECORATOR]
    disabled = module._disable_dynamo

    def disable(function: Callable[..., Any] | None = None, recursive: bool = True) -> Callable[..., Any]:
        if function is None:
            return functools.partial(disable, recursive=recursive)
        return _if_compiler(disabled(function, recursive), function)

    module._disable_dynamo = disable


@contextmanager
def _breaking_no_graph() -> Iterator[None]:
    """Execute torch's base of optimisers, whose steps then import the compiler no more, to break its graph."""
    yield
    module: Any = sys.modules[OPTIMISER]
    broken = module._use_grad_for_differentiable
    stand_in = ModuleType(COMPILER[0])
    setattr(stand_in, _BREAK, lambda: None)

    def use_grad(step: Callable[..., Any]) -> Callable[..., Any]:
        whole = broken(step)

        def lean(*args: Any, **kwargs: Any) -> Any:
            with _instead({COMPILER[0]: stand_in}):
                return whole(*args, **kwargs)

        return _if_compiler(whole, lean)

    module._use_grad_for_differentiable = use_grad


def _if_compiler(there: Callable[..., Any], else_: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is one of two: the first once somebody has imported torch's compiler."""

    @functools.wraps(there)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (there if COMPILER[0] in sys.modules else else_)(*args, **kwargs)

    return call


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


@contextmanager
def _without_fortran() -> Iterator[None]:
    numpy, _, name = FORTRAN.partition(".")
    names = vars(sys.modules[numpy])
    placed = names.setdefault(name, ModuleType(FORTRAN))  # numpy imports it when the name is asked for
    try:
        yield
    finally:
        if FORTRAN not in sys.modules and names.get(name) is placed:
            del names[name]


@contextmanager
def _without_bindings() -> Iterator[None]:
    with _uncollected(), _instead({BINDINGS: None}):
        yield


_AROUND: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "torchvision.ops.roi_align": _without_compiler,
    "scipy._lib.array_api_compat.numpy": _without_fortran,
    "torch": _without_bindings,
    DECORATOR: _telling_no_compiler,
    OPTIMISER: _breaking_no_graph,
    **dict.fromkeys(("torchvision", "pandas", "scipy.stats", "matplotlib.figure", "xarray"), _uncollected),
}


def import_lean() -> None:
    """Import as this module says, from now on."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
