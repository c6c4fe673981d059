"""Run a stage as `case-saliency` does, and note where its processor time went: python -m benchmarks.stage_clock ...

One line of JSON is appended to the file that STAGE_CLOCK names. Every moment counts once: for what is going on, not for
what called it. `compute` is what remains after the start of Python, imports, reading and writing of files (decoding
of images included), and the record (hashes of inputs, outputs and code).
"""

import builtins
import functools
import importlib
import inspect
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BOOKED = {
    "case_saliency.storage": {
        "files": (
            *("read_json", "read_csv", "read_tensors", "read_metadata", "read_matrix", "open_array", "sha256"),
            *("open_regular", "read_bytes"),
            *("write_text", "write_json", "write_csv", "write_tensors", "write_arrays", "write_matrix", "atomic"),
        )
    },
    "case_saliency.storage.tables": {"files": ("read_table", "write_table")},
    "case_saliency.storage.map_writer": {"files": ("map_writer", "MapWriter.append")},
    "case_saliency.storage.maps": {"files": ("StoredMaps.read", "open_maps", "write_maps")},
    "case_saliency.storage.columns": {"files": ("read_columns", "StoredRows.__init__", "StoredRows._read")},
    "case_saliency.storage.parquet": {"files": ("writing_parquet", "_Rows.add")},
    "case_saliency.datasets.images": {"files": ("read", "arrays")},
    "case_saliency.datasets.packages": {"files": ("PackagedFile.read",)},
    "case_saliency.models.pretrained": {"files": ("_content",)},
    "case_saliency.models.checkpoints": {"files": ("tensors",)},
    "case_saliency.cli.maps": {"files": ("read_layers",)},
    "case_saliency.provenance.code": {"record": ("closure",)},
    "case_saliency.provenance.record": {"record": ("Record.__post_init__", "Record.finish")},
}
"""Module -> kind -> its functions whose calls are booked on it.

Of a generator, each step is; of what `with` takes, entering and leaving, and not what is done inside.
"""

NETWORKS = "case_saliency.models.networks"


class Clock:
    """Processor time by what the process is busy with."""

    def __init__(self) -> None:
        self.last = time.process_time()
        self.spent: Counter[str] = Counter(start=self.last)
        self.busy = ["compute"]

    def turn(self) -> None:
        """Book the time since the last turn."""
        now = time.process_time()
        self.spent[self.busy[-1]] += now - self.last
        self.last = now

    @contextmanager
    def on(self, kind: str) -> Any:
        """Book what happens inside on a kind."""
        self.turn()
        self.busy.append(kind)
        try:
            yield
        finally:
            self.turn()
            self.busy.pop()

    def booked(self, function: Callable[..., Any], kind: str) -> Callable[..., Any]:
        """Return a function whose calls are booked on a kind."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.on(kind):
                return function(*args, **kwargs)

        @functools.wraps(function)
        @contextmanager
        def around(*args: Any, **kwargs: Any) -> Iterator[Any]:
            outside = self.busy[-1]
            with self.on(kind), function(*args, **kwargs) as found, self.on(outside):
                yield found

        @functools.wraps(function)
        def steps(*args: Any, **kwargs: Any) -> Iterator[Any]:
            found = function(*args, **kwargs)
            while True:
                with self.on(kind):
                    try:
                        step = next(found)
                    except StopIteration:
                        return
                yield step

        if inspect.isgeneratorfunction(function):
            return steps
        return around if inspect.isgeneratorfunction(inspect.unwrap(function)) else call


def main() -> None:
    """Run the stage of the command line."""
    clock = Clock()
    builtins.__import__ = clock.booked(_booking(builtins.__import__, clock), "imports")
    with clock.on("imports"):
        entry = importlib.import_module("case_saliency.cli.main")
    code = 1
    try:
        code = entry.main()
    finally:
        clock.turn()
        line = {"command": sys.argv[1:], "peak_mb": peak_mb(), **clock.spent}
        with Path(os.environ["STAGE_CLOCK"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    entry.leave(code)


def _booking(import_: Callable[..., Any], clock: Clock) -> Callable[..., Any]:
    """Return an `__import__` that has a module's functions booked once it is there; none is imported for that."""
    waiting = {*BOOKED, NETWORKS}

    def call(*args: Any, **kwargs: Any) -> Any:
        found = import_(*args, **kwargs)
        for name in [name for name in waiting if _is_ready(name)]:
            waiting.remove(name)
            _book(name, clock)
        return found

    return call


def _is_ready(name: str) -> bool:
    """Return whether a module is imported, to its end."""
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def _book(name: str, clock: Clock) -> None:
    """Book the calls of a module's functions, and count the images that pass through the networks that it loads."""
    module = sys.modules[name]
    for kind, functions in BOOKED.get(name, {}).items():
        for function in functions:
            *owner, last = function.split(".")
            place: Any = functools.reduce(getattr, owner, module)
            setattr(place, last, clock.booked(getattr(place, last), kind))
    if name == NETWORKS:
        _count(module, clock)


def _count(networks: Any, clock: Clock) -> None:
    load = networks.load

    def load_counting(*told: Any, **more: Any) -> Any:
        model = load(*told, **more)
        model.module.register_forward_pre_hook(lambda _module, inputs: clock.spent.update(passes=len(inputs[0])))
        return model

    networks.load = load_counting


def peak_mb() -> float:
    """Return the peak of this program's resident memory (Linux; rusage would give that of its parent, if larger)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found, "no VmHWM in /proc/self/status"
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
