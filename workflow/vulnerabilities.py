"""Known vulnerabilities of the locked packages, as PyPI's advisory database tells them: a part of `make check`.

Findings fail the check, unless pyproject.toml accepts them with a reason. Where the database cannot be asked, nothing
is known, and the check says so instead of passing in silence: pip-audit itself calls a package that it could not look
up skipped, and succeeds.
"""

import json
import os
import ssl
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_LOCK = "requirements.lock"
_DATABASE = "https://pypi.org/pypi/pip/json"
_SECONDS = 5.0


def unavailable() -> str:
    """Return why the database cannot be asked; empty if it can."""
    if find_spec("pip_audit") is None:
        return "pip-audit is not installed (make install)"
    try:
        with urllib.request.urlopen(_DATABASE, timeout=_SECONDS) as answer:
            json.load(answer)
    except (OSError, ValueError) as error:  # no network, or a mirror of packages without advisories
        return f"{_DATABASE}: {error}"
    return ""


def trusting() -> dict[str, str]:
    """Return the environment in which pip-audit trusts whom `unavailable` does: the system, not a list of its own."""
    paths = ssl.get_default_verify_paths()
    trusted = paths.cafile or paths.capath
    return ({"REQUESTS_CA_BUNDLE": trusted} if trusted else {}) | os.environ


def judge(report: Mapping[str, Any], accepted: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the findings that fail the check, a line each, and the packages that could not be looked up.

    Parameters
    ----------
    report
        As `pip-audit --format json` writes it.
    accepted
        Identifier of a vulnerability -> why it does not matter here.

    Examples
    --------
    >>> found = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}
    >>> report = {"dependencies": [{"name": "a", "version": "1", "vulns": [found]}, {"name": "b", "skip_reason": "?"}]}
    >>> judge(report, {})
    (['a 1: PYSEC-1, fixed in 2'], ['b'])
    >>> judge(report, {"CVE-1": "not reachable"})
    ([], ['b'])
    """
    findings, skipped = [], []
    for package in report["dependencies"]:
        if "skip_reason" in package:
            skipped.append(package["name"])
        for found in package.get("vulns", ()):
            if not {found["id"], *found["aliases"]} & accepted.keys():
                fixed = ", ".join(found["fix_versions"]) or "no version yet"
                findings.append(f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}")
    return findings, skipped


def main() -> int:
    """Print what was found; return 1 if the check fails."""
    if reason := unavailable():
        print(f"vulnerabilities: not checked, {reason}")
        return 0
    command = ["-m", "pip_audit", "-r", _LOCK, "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(  # noqa: S603
        [sys.executable, *command], capture_output=True, text=True, check=False, env=trusting()
    )
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print(f"vulnerabilities: pip-audit failed:\n{done.stderr.strip()}")
        return 1
    accepted = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["vulnerabilities"]["accepted"]
    findings, skipped = judge(report, accepted)
    print(*(f"vulnerabilities: {line}" for line in findings), sep="\n", end="\n" if findings else "")
    asked = len(report["dependencies"]) - len(skipped)
    if asked == 0:  # a mirror may answer the question above, and tell of no version
        print(f"vulnerabilities: not checked, none of {len(skipped)} locked packages could be looked up")
        return 0
    print(f"vulnerabilities: {len(findings)} in {asked} locked packages; {len(skipped)} could not be looked up")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
