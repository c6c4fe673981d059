"""Which code a stage can reach: the import closure of a module, by static analysis.

Code is an input of the stage that runs it. Nothing is imported or executed here, so that a workflow can be planned
without loading torch. Imports inside functions count; imports under ``if TYPE_CHECKING:`` do not.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import imports
from case_saliency.storage import sha256

_PACKAGE = "case_saliency"
_ROOT = Path(__file__).resolve().parents[1]
_INSTALLED = {"site-packages", "dist-packages"}
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: *; *(?P<marker>[^\\\n]+))?", re.MULTILINE)


@dataclass(frozen=True)
class Closure:
    """What a stage can reach.

    Attributes
    ----------
    files
        Source files, sorted: modules and the data files (templates, tables) that lie beside them.
    packages
        Top-level names of everything imported that is not our own, the standard library's included; sorted.
    """

    files: tuple[Path, ...]
    packages: tuple[str, ...]

    def distributions(self) -> list[str]:
        """Names of the installed distributions that provide the imported packages (``PIL`` -> ``pillow``)."""
        return sorted({name for package in self.packages for name in _provided().get(package, [])})

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every file, keyed by its path relative to the package (or the working folder)."""
        return {_short(path): sha256(path) for path in self.files}


def closure(modules: Iterable[str]) -> Closure:
    """Return the import closure of `modules`, which may belong to this package or to the user.

    Parameters
    ----------
    modules
        Dotted names, such as ``case_saliency.cli.attribute`` or ``my_methods``.

    Raises
    ------
    CaseSaliencyError
        If a module cannot be found.
    """
    own: set[str] = set()
    imported: set[str] = set()
    files: set[Path] = set()
    for module in modules:
        if module.split(".")[0] == _PACKAGE:
            own.add(module)
        else:
            for file, names in _walk(module):
                files.add(file)
                own |= names & imports.imported().keys()  # of `from module import name`, only the module is one
                imported |= names
    reached = imports.reach(frozenset(own))
    for name in reached:
        if name.split(".")[0] == _PACKAGE:
            files.update(_files(name))
        else:
            imported.add(name)
    packages = {name.split(".")[0] for name in imported} - {_PACKAGE}
    return Closure(tuple(sorted(files)), tuple(sorted(packages)))


def locked_versions(distributions: Iterable[str], lock: Path) -> dict[str, str]:
    r"""Return the version that the lock file pins, for this Python and platform, for each distribution it names.

    Examples
    --------
    >>> lock = getfixture("tmp_path") / "requirements.lock"
    >>> _ = lock.write_text("numpy==2.4.6 --hash=sha256:00\ntorch==2.14.1\\n")
    >>> locked_versions(["torch", "mine"], lock)
    {'torch': '2.14.1'}
    >>> _ = lock.write_text("numpy==2.4.6 ; python_version < '3'\nnumpy==2.5.5 ; python_version >= '3' \\\n")
    >>> locked_versions(["numpy"], lock)
    {'numpy': '2.5.5'}
    """
    pins = _pins(lock.read_text(encoding="utf-8"))
    return {name: pins[_normal(name)] for name in sorted(distributions) if _normal(name) in pins}


@cache
def _pins(lock: str) -> dict[str, str]:
    """Name -> version, of the lines whose marker, if they have one, holds here."""
    from packaging.markers import Marker  # which no stage needs

    holding = (found for found in _PIN.finditer(lock) if not found["marker"] or Marker(found["marker"]).evaluate())
    return {_normal(found["name"]): found["version"] for found in holding}


@cache
def _files(module: str) -> tuple[Path, ...]:
    """Return the source of one of our modules; a package also owns the data files in its folder."""
    path = _ROOT.parent.joinpath(*module.split("."))
    if not path.is_dir():
        return (path.with_suffix(".py"),)
    own = [path / "__init__.py"] if (path / "__init__.py").exists() else []
    data = [file for file in path.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}]
    return (*own, *(file for file in data if _owner(file) == path != _ROOT))


def _owner(file: Path) -> Path:
    return next(folder for folder in file.parents if (folder / "__init__.py").exists())


def _walk(module: str) -> Iterator[tuple[Path, set[str]]]:
    """Yield each file of the user's own code that `module` reaches, with the names it imports."""
    waiting, seen = [module], set[str]()
    while waiting:
        name = waiting.pop()
        spec = _find(name)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            if name == module:
                raise CaseSaliencyError(
                    f"module {module!r} cannot be found; name it as MODULE:FUNCTION and keep MODULE.py in {Path.cwd()}"
                )
            continue
        file = Path(spec.origin).resolve()
        known = name.split(".")[0] in {_PACKAGE, *sys.stdlib_module_names}
        if name in seen or known or (name != module and _INSTALLED & set(file.parts)):
            continue
        seen.add(name)
        names = set(_imports(file, name if spec.submodule_search_locations else name.rpartition(".")[0]))
        waiting += [part for full in {name, *names} for part in _ancestors(full) if part not in seen]
        yield file, names


def _imports(file: Path, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes(), filename=str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, node.module] if node.module else parents)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _find(name: str) -> ModuleSpec | None:
    path: list[str] | None = [str(Path.cwd()), *sys.path]
    spec = None
    for depth in range(1, name.count(".") + 2):
        spec = PathFinder.find_spec(".".join(name.split(".")[:depth]), path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or [])
    return spec


def _ancestors(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


@cache
def _provided() -> dict[str, list[str]]:
    return dict(packages_distributions())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _short(path: Path) -> str:
    for base in (_ROOT.parent, Path.cwd()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.as_posix()
