"""What the modules of this package import, by static analysis: nothing is imported or executed."""

import json
from contextlib import suppress
from functools import cache

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import caches, source
from case_saliency.storage import write_text


@cache
def imported() -> dict[str, list[str]]:
    """Return what each module of this package imports: found once for each content of the package, then remembered."""
    note = caches.folder("imports") / f"{source.package_digest()}.json"
    with suppress(OSError, ValueError, TypeError):
        return dict(json.loads(note.read_text(encoding="utf-8")))
    import grimp

    graph = grimp.build_graph(
        source.PACKAGE.name, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    found = {
        name: sorted(graph.find_modules_directly_imported_by(name))
        for name in sorted(graph.modules)
        if name.split(".")[0] == source.PACKAGE.name
    }
    with suppress(CaseSaliencyError):  # no home folder to write to: found again next time
        write_text(json.dumps(found), note)
    return found


@cache
def reach(modules: frozenset[str]) -> frozenset[str]:
    """Modules reached from `modules`: what they import, and the packages that Python runs on the way."""
    found, reached, waiting = imported(), set(), set(modules)
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        reached.add(module)
        if module.split(".")[0] != source.PACKAGE.name:
            continue
        if module not in found:
            raise CaseSaliencyError(f"module {module} does not exist in {source.PACKAGE}")
        waiting |= set(found[module])
        if "." in module:
            waiting.add(module.rpartition(".")[0])
    return frozenset(reached)
