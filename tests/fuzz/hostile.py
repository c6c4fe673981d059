"""Strategies: true files with damage, and values that no honest file holds."""

import os
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from case_saliency.errors import CaseSaliencyError

_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
few = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""Decorates a fuzz test: as many inputs as the run asks for."""
fewer = settings(few, max_examples=max(3, _EXAMPLES // 20))
"""As `few`, for a reader that takes a process for each input."""


@dataclass
class Tally:
    """What became of the inputs of a test.

    Attributes
    ----------
    outcomes
        Outcome -> number of inputs.
    refusal
        Exceptions by which the reader refuses.
    says
        What its message must name.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    refusal: tuple[type[Exception], ...] = (CaseSaliencyError,)
    says: str = ""

    def read(self, read: Callable[[], Any]) -> Any:
        """Read one input: return what was read, None if it was refused; any other exception fails the test."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # on the command line they are messages of the log
                found = read()
        except self.refusal as error:
            message = str(error)
        else:
            self.outcomes["read"] += 1
            return found
        self.outcomes["refused"] += 1
        assert self.says in message, f"{message!r} does not name {self.says!r}"
        return None


NAMES = st.sampled_from(
    ["../x", "/etc/passwd", "a/../../b", "", ".", "..", "a\0b", "a\nb", "$(touch x)", "; touch x", "-rf", "\ud800", "~"]
) | st.text(max_size=20)
"""Names that would leave a folder, start a program, or be no file name."""
NUMBERS = st.sampled_from(
    [0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**30, float("nan"), float("inf"), -float("inf"), 1e-320, True]
)
"""Numbers at the edges of what types hold."""
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | NAMES | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
"""Whatever JSON or YAML can hold."""


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw a true file with one to four pieces of damage: flipped, overwritten, repeated, lost or cut off."""
    body = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        if not body:
            break
        place = draw(st.integers(0, len(body) - 1))
        match draw(st.sampled_from(["flip", "ones", "zeros", "random", "repeat", "lose", "cut"])):
            case "flip":
                body[place] ^= 1 << draw(st.integers(0, 7))
            case "ones":
                body[place : place + 4] = b"\xff" * 4
            case "zeros":
                body[place : place + 8] = bytes(8)
            case "random":
                piece = draw(st.binary(min_size=1, max_size=8))
                body[place : place + len(piece)] = piece
            case "repeat":
                start = draw(st.integers(0, len(body) - 1))
                body[place:place] = body[start : start + 16]
            case "lose":
                del body[place : place + draw(st.integers(1, 16))]
            case "cut":
                del body[place:]
    return bytes(body)


@st.composite
def altered(draw: st.DrawFn, content: Any) -> Any:
    """Draw a JSON value with one to three of its parts replaced, removed or added, anywhere in it."""
    found = content
    for _ in range(draw(st.integers(1, 3))):
        found = _alter(draw, found)
    return found


def _alter(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value, key=str)))
        match draw(st.sampled_from(["inside", "inside", "inside", "remove", "add", "rename"])):
            case "inside":
                return value | {key: _alter(draw, value[key])}
            case "remove":
                return {name: one for name, one in value.items() if name != key}
            case "add":
                return value | {draw(NAMES): draw(VALUES)}
            case _:
                return {draw(NAMES) if name == key else name: one for name, one in value.items()}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _alter(draw, value[place]), *value[place + 1 :]]
    return draw(VALUES)
