"""Which methods can explain how many classes of an image at once. Imports no torch."""

from collections.abc import Iterable, Iterator

from case_saliency.attribution.registry import Method


def problems(methods: Iterable[Method], n_compared: int, n_classes: int) -> Iterator[str]:
    """Yield why classes cannot be compared, in words that name the value, the bound and the remedy.

    Parameters
    ----------
    methods
        The methods that are to explain them.
    n_compared
        Classes of each image that are explained and compared, T.
    n_classes
        Classes that the network tells apart, K.

    Examples
    --------
    >>> from case_saliency.attribution.registry import resolve
    >>> list(problems(resolve(["case_heldout"]), 8, 10))
    ["method 'case_heldout' keeps the 8 compared classes out of its contrast sets: 2 of 10 are left, and k is 3; \
compare at most 7 classes, or lower k"]
    """
    if n_compared > n_classes:
        yield f"{n_compared} classes are to be compared, and there are {n_classes}; compare at most {n_classes}"
        return
    for method in methods:
        given, left = method.parameters, n_classes - n_compared
        if given.get("compared") in ("out", "matched") and left < given["k"]:
            yield (
                f"method {method.name!r} keeps the {n_compared} compared classes out of its contrast sets: {left} of "
                f"{n_classes} are left, and k is {given['k']}; compare at most {n_classes - given['k']} classes, or "
                "lower k"
            )
        if given.get("compared") == "in" and n_compared - 1 > given["k"]:
            yield (
                f"method {method.name!r} puts the other compared classes into its contrast sets: they are "
                f"{n_compared - 1}, and k is {given['k']}; compare at most {given['k'] + 1} classes, or raise k"
            )
        if given.get("source") == "pair" and n_compared != 2:
            yield (
                f"method {method.name!r} sets each class against the other one of a pair (source: pair), and "
                f"{n_compared} classes are to be compared; set its source to logits, or leave it out"
            )
