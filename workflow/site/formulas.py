"""Hook of mkdocs: formulas become MathML, which browsers draw themselves, without scripts and offline.

In the pages they are written as git hosts read them: between dollar signs, or as a block of code named math.
"""

import html
import re
from typing import Any

from latex2mathml.converter import convert

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\s*\\([(\[])(.*?)\\[)\]]\s*</\1>', re.DOTALL)


def on_page_content(content: str, **_: Any) -> str:
    r"""Replace the formulas of a page.

    Examples
    --------
    >>> on_page_content('<p><span class="arithmatex">\\(a &lt; b\\)</span></p>').count("<mi>")
    2
    """
    return _FORMULA.sub(_mathml, content)


def _mathml(match: re.Match[str]) -> str:
    block = match[2] == "["
    found = convert(html.unescape(match[3]).strip(), display="block" if block else "inline")
    return f'<div class="formula">{found}</div>' if block else found
