"""Hostile input for every reader of outside bytes: each is read, or refused by an error that names it.

How many inputs each test tries is set by FUZZ_EXAMPLES (`make fuzz`: thousands; `make test`: few). What a test tried,
read and refused is told to the report of the run, from which `make fuzz` writes the table in docs/reliability.md.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for hostile.py: tests are no package
from hostile import Tally


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Count what a test tries, for the report; the mark `reader` says what is read."""
    found = Tally()
    yield found
    request.node.user_properties.append(("tried", dict(found.outcomes)))


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a file of this name and content, over that of the input before, and return its path."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
