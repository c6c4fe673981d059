"""Which images the gallery holds: a few of all kinds, and the failures, as many as the page has room for."""

from collections.abc import Collection, Sequence

from case_saliency.report.thumbnails import shown

MOST = 96
"""Images of a gallery, so that failures of a large experiment do not take the page above `size.MOST`."""


def chosen(
    images: Sequence[str], wrong: Collection[str], empty: Collection[str], few: int = 24, most: int = MOST
) -> list[str]:
    """Return the images to show, in their order: `few` evenly spaced ones, and those on which something fails.

    Parameters
    ----------
    images
        All images of an experiment.
    wrong
        Those that a network classifies wrongly. They come first, where not all failures have room.
    empty
        Those of which a network has a map that does not count.
    few
        How many are shown whatever they are.
    most
        How many are shown at most. Of failures without room those that are left are evenly spaced.

    Examples
    --------
    >>> chosen("abcdefgh", wrong="f", empty="h", few=2)
    ['a', 'e', 'f', 'h']
    >>> chosen("abcdefgh", wrong="f", empty="bcdh", few=2, most=5)
    ['a', 'b', 'd', 'e', 'f']
    """
    kept = set(shown(images, few))
    for failures in (wrong, empty):
        missing = [image for image in images if image in failures and image not in kept]
        kept |= set(shown(missing, most - len(kept)))
    return [image for image in images if image in kept]


def told(images: Sequence[str], total: int, wrong: Collection[str], empty: Collection[str]) -> str:
    """Say how many of an experiment's images are shown, and whether all failures are among them.

    Parameters
    ----------
    images
        Those that are shown.
    total
        How many there are.
    wrong, empty
        As for `chosen`.

    Examples
    --------
    >>> told("ab", 2, "a", "")
    'All 2 images are here.'
    >>> told("abd", 9, "a", "bd")[:66]
    '3 of 9 images are here, among them all 1 with a wrong prediction a'
    """
    if len(images) == total:
        return f"All {total} images are here."
    kinds = {"with a wrong prediction": wrong, "with an empty or too small map": empty}
    parts = [f"{_of(images, failures)} {words}" for words, failures in kinds.items()]
    return f"{len(images)} of {total} images are here, among them {' and '.join(parts)} on some network."


def missing(images: Sequence[str], total: int, failures: Collection[str] | None) -> str:
    """Say that no image is of a kind, and of how many that is true.

    Parameters
    ----------
    images
        Those that are shown.
    total
        How many there are.
    failures
        Those that can be of this kind, None for a kind that is no failure.

    Examples
    --------
    >>> missing("ab", 9, "a"), missing("ab", 9, None)
    ('None of the 9 images is of this kind.', 'None of the 2 images here is of this kind; there are 9.')
    >>> missing("ab", 9, "acd")
    'None of the 2 images here is of this kind; of 3 that are so on some network, 2 are not here.'
    """
    left = None if failures is None else len(set(failures) - set(images))
    if len(images) == total or left == 0:
        return f"None of the {total} images is of this kind."
    begin = f"None of the {len(images)} images here is of this kind"
    if failures is None:
        return f"{begin}; there are {total}."
    return f"{begin}; of {len(failures)} that are so on some network, {left} are not here."


def _of(images: Sequence[str], failures: Collection[str]) -> str:
    """Say how many failures are shown.

    Examples
    --------
    >>> _of("ab", "a"), _of("ab", "bc")
    ('all 1', '1 of 2')
    """
    here = len(set(failures) & set(images))
    return f"all {here}" if here == len(set(failures)) else f"{here} of {len(set(failures))}"
