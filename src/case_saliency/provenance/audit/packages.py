"""Whether the packages that were installed are those of the lock."""

import re
from collections.abc import Mapping
from functools import cache

_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)[ \t]*(?:;[ \t]*(?P<marker>[^\\\n]*))?", re.MULTILINE
)
_FIRST = re.compile(r"# \S+ (?P<full>(?P<short>\d+\.\d+)\S*)")


@cache
def differences(lock: str, inventory: tuple[str, ...]) -> list[str]:
    r"""Return, in words, how installed packages differ from those that a lock pins for this system.

    Parameters
    ----------
    lock
        Text of requirements.lock.
    inventory
        Lines of an inventory: the interpreter, then ``name==version``.

    Examples
    --------
    >>> lock = "numpy==2.4.6 --hash=sha256:00\ntorch==2.14.1\ncolorama==0.4.6 ; sys_platform == 'win32'\n"
    >>> differences(lock, ("# CPython 3.11.7", "numpy==2.4.5", "torch==2.14.1"))
    ['numpy 2.4.5 for 2.4.6']
    """
    first = _FIRST.match(inventory[0]) if inventory else None
    pinned = _pins(lock, {"python_version": first["short"], "python_full_version": first["full"]} if first else {})
    installed = dict(line.split("==", 1) for line in inventory if "==" in line)
    return [
        f"{name} {installed[name]} for {version}" if name in installed else f"{name} {version} is not installed"
        for name, version in sorted(pinned.items())
        if installed.get(name) != version
    ]


@cache
def others(lock: str, inventory: tuple[str, ...]) -> list[str]:
    r"""Return the installed packages that a lock does not pin.

    Examples
    --------
    >>> others("numpy==2.4.6\n", ("# CPython 3.11.7", "mine==0.1", "numpy==2.4.6"))
    ['mine 0.1']
    """
    pinned = {_normal(pin["name"]) for pin in _PIN.finditer(lock)}
    installed = (line.split("==", 1) for line in inventory if "==" in line)
    return [f"{name} {version}" for name, version in installed if _normal(name) not in pinned]


def _pins(lock: str, environment: Mapping[str, str]) -> dict[str, str]:
    from packaging.markers import InvalidMarker, Marker

    @cache
    def applies(marker: str) -> bool:
        try:
            return not marker or Marker(marker).evaluate(dict(environment))
        except InvalidMarker:
            return True

    found = {}
    for pin in _PIN.finditer(lock):
        if applies((pin["marker"] or "").strip()):
            found[_normal(pin["name"])] = pin["version"]
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
