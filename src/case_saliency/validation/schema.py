"""params.yaml against its closed schema, each problem in words."""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from case_saliency.params import Params
from case_saliency.validation.suggestions import suggest


def schema_problems(params: Params, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the schema forbids, numbers that are not finite, and text that is not one line."""
    yield from _not_finite(params)
    yield from _not_printable(params)
    for error in _validator_class()(schema).iter_errors(params):
        key = _key(error.absolute_path)
        if error.validator == "additionalProperties":
            known = sorted(error.schema["properties"])
            for name in sorted(set(error.instance) - set(known), key=str):
                yield f"{f'{key}.' if key else ''}{name}: unknown key{suggest(str(name), known)}"
        elif error.validator == "required":
            missing = [name for name in error.schema["required"] if name not in error.instance]
            unknown = set(error.instance) - set(error.schema.get("properties", error.instance))
            missing = [name for name in missing if not difflib.get_close_matches(name, map(str, unknown), n=1)]
            if missing and missing[0] in error.message:  # one error arrives for each missing key: tell them once
                yield f"{key or 'the file'}: missing {', '.join(missing)}; add what is missing"
        elif error.validator == "oneOf":
            yield f"{key}: {error.instance!r} is not allowed; it must be null or a whole number >= 1"
        else:
            rule = _rule(error.validator, error.validator_value)
            yield f"{key or 'the file'}: {error.instance!r} is not allowed; {rule}"


def _not_finite(section: Any, key: str = "") -> Iterator[str]:
    """Yield numbers that pass every comparison: NaN and infinity."""
    if isinstance(section, float) and not math.isfinite(section):
        yield f"{key}: {section} is not allowed; it must be a finite number"
    for name, value in section.items() if isinstance(section, dict) else ():
        yield from _not_finite(value, f"{key}.{name}" if key else str(name))
    for position, value in enumerate(section) if isinstance(section, list) else ():
        yield from _not_finite(value, f"{key}[{position}]")


def _not_printable(section: Any, key: str = "") -> Iterator[str]:
    """Yield names and texts with line ends or other control characters, which a path or a command could not carry."""
    if isinstance(section, str) and not section.isprintable():
        yield f"{key or 'the file'}: {section!r} is not allowed; it must be one line of printable text"
    for name, value in section.items() if isinstance(section, dict) else ():
        yield from _not_printable(name, f"{key}.{name}" if key else str(name))
        yield from _not_printable(value, f"{key}.{name}" if key else str(name))
    for position, value in enumerate(section) if isinstance(section, list) else ():
        yield from _not_printable(value, f"{key}[{position}]")


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator


def _rule(validator: str, value: Any) -> str:
    """Say in words what a schema keyword demands."""
    kinds = {
        "integer": "a whole number",
        "number": "a number",
        "string": "text",
        "array": "a list",
        "object": "a mapping",
        "boolean": "true or false",
    }
    types = value if isinstance(value, list) else [value]
    rules = {
        "type": f"it must be {' or '.join(kinds.get(str(one), str(one)) for one in types)}",
        "minLength": "it must not be empty",
        "enum": f"choose one of {', '.join(map(str, value))}" if isinstance(value, list) else "",
        "minimum": f"it must be at least {value}",
        "maximum": f"it must be at most {value}",
        "exclusiveMinimum": f"it must be greater than {value}",
        "exclusiveMaximum": f"it must be less than {value}",
        "minItems": f"it must have at least {value} item",
        "maxItems": f"it must have at most {value} items",
        "minProperties": f"it must have at least {value} entry",
        "uniqueItems": "an item stands in it twice; remove one",
        "pattern": f"it must match {value}",
    }
    return rules.get(validator, f"{validator}: {value}")


def _key(path: Iterable[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
