"""params.yaml as text, checked before anything interprets it: plain values, each key once, of a bounded size.

Snakemake reads YAML through a template engine that runs the Python expressions of a file which asks for it
(``__use_yte__: true``), and YAML itself has tags that make objects, and aliases that let a few lines unfold into more
than any memory holds. Parameters need none of it.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

LIMIT = 2**20
"""Bytes of a file of parameters that is read."""
ENTRIES = 100_000
"""Values that it may unfold into."""
_TEMPLATE = "__use_yte__"
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "merge")}


def check(file: Path) -> None:
    """Refuse a file of parameters that is more than plain values.

    Raises
    ------
    CaseSaliencyError
        If it is no YAML, too large, asks for templates, holds a tag, a key twice, or an alias of what holds it.
    """
    try:
        content = storage.read_bytes(file, LIMIT)
        content.decode("utf-8")  # as Snakemake reads it; YAML itself may be UTF-16, too
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        problem = next(_problems(root), None) if root is not None else None
        if not problem:
            yaml.safe_load(content)  # of a bounded size by now; a merge of what is no mapping shows here
    except OSError as error:
        raise CaseSaliencyError(f"{file}: cannot be read ({error.strerror})") from error
    except RecursionError:
        problem = "nested too deeply; write plain lists and mappings"
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CaseSaliencyError(f"{file}: not YAML: {reason}") from error
    if problem:
        raise CaseSaliencyError(f"{file}: {problem}")


def _problems(root: yaml.Node) -> Iterator[str]:
    sizes: dict[int, int] = {}
    if _size(root, sizes, set()) > ENTRIES:
        yield f"unfolds into more than {ENTRIES} values; write less, or fewer aliases"
    for node in _nodes(root):
        line = node.start_mark.line + 1
        if node.tag not in _PLAIN:
            yield f"line {line}: tag {node.tag!r} is not allowed; write a plain value"
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
            if _TEMPLATE in keys:
                yield f"line {line}: {_TEMPLATE} is not allowed: parameters are values, no program; remove it"
            if twice := {key for key in keys if keys.count(key) > 1}:
                yield f"line {line}: key {sorted(twice)[0]!r} stands twice in one mapping; remove one"


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _size(node: yaml.Node, sizes: dict[int, int], inside: set[int]) -> int:
    """Return how many values a node unfolds into; `sizes` holds those that are known, `inside` those that hold it."""
    if id(node) in inside:
        return ENTRIES + 1  # it holds itself
    if id(node) not in sizes:
        below = sum(_size(child, sizes, inside | {id(node)}) for child in _children(node))
        sizes[id(node)] = 1 + below
    return sizes[id(node)]


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every node once."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        yield node
        fresh = [child for child in _children(node) if id(child) not in seen]
        seen |= {id(child) for child in fresh}
        waiting += fresh
