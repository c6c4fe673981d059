"""Keep torch's compiler, which nothing here uses, from being imported with torchvision.

`torchvision.ops.roi_align` imports it for one function that it calls only on a GPU in deterministic mode; that costs
each job 0.7 s of processor time. While that module is imported, stand-ins take the compiler's place; they fetch the
function when it is called, and are gone afterwards: whoever imports the compiler gets the real one.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

COMPILER = ("torch._dynamo", "torch._dynamo.utils")
"""What is deferred."""
_IMPORTER, _FUNCTION = "torchvision.ops.roi_align", "is_compile_supported"


class _Deferring(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module where it would be found anyhow, and executes it beside stand-ins."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        found = importlib.machinery.PathFinder.find_spec(name, path, target) if name == _IMPORTER else None
        if found is None or COMPILER[0] in sys.modules:
            return None
        self.real, found.loader = found.loader, self
        return found

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.real.create_module(spec) if self.real else None

    def exec_module(self, module: ModuleType) -> None:
        stand_ins = {name: ModuleType(name) for name in COMPILER}
        setattr(stand_ins[COMPILER[1]], _FUNCTION, _is_compile_supported)
        sys.modules.update(stand_ins)
        try:
            if self.real:
                self.real.exec_module(module)
        finally:
            for name in COMPILER:
                sys.modules.pop(name)


def _is_compile_supported(device: Any) -> bool:
    return bool(getattr(importlib.import_module(COMPILER[1]), _FUNCTION)(device))


def defer_compiler() -> None:
    """Import no compiler together with torchvision, from now on."""
    sys.meta_path.insert(0, _Deferring())
