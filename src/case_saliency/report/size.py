"""The size of the page: how large it may be, and what makes it smaller."""

MOST = 25.0
"""Megabytes up to which a page opens at once on any machine, and travels by mail."""


def advice(page: str, most: float = MOST) -> str:
    """Say what to do about a page that is too large, "" for one that is not.

    Parameters
    ----------
    page
        The document.
    most
        Megabytes, of a million bytes each, that it may have.

    Examples
    --------
    >>> advice("x" * 2_000_000, most=2)
    ''
    >>> advice("é" * 2_000_000, most=2)[:42]
    'the report has 4.0 MB, which is above 2 MB'
    """
    size = len(page.encode()) / 1e6
    if size <= most:
        return ""
    return (
        f"the report has {size:.1f} MB, which is above {most:g} MB and slow to open: lower figures.example_images in "
        "params.yaml, or list fewer experiments under run (their results stay, and another run writes their report)"
    )
