"""Judge what `snakemake --lint` says (on standard input): all of it must be clean, but for one lint that is waived.

Waived is the demand for a conda environment or container in every rule: the software of all rules is the hash-locked
`requirements.lock`, installed by `make install`.
"""

import re
import sys

WAIVED = "Specify a conda environment or container for each rule."


def remaining(said: str) -> list[str]:
    """Return the lints that are not waived, each with the place it is about."""
    found = []
    for section in re.split(r"^Lints for ", said, flags=re.MULTILINE)[1:]:
        place = section.splitlines()[0].rstrip(":")
        titles = re.findall(r"^ {4}\* (.+?):?$", section, flags=re.MULTILINE)
        found += [f"{place}: {title}" for title in titles if title != WAIVED]
    return found


if __name__ == "__main__":
    text = sys.stdin.read()
    problems = remaining(text)
    if "Lints for" not in text and "Congratulations" not in text:
        problems = [f"snakemake --lint did not finish:\n{text}"]
    print("\n".join(problems) or "snakemake --lint: clean")
    sys.exit(bool(problems))
