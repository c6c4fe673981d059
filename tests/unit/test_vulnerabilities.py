"""The check of known vulnerabilities: findings fail it, and silence of the database is told."""

import json
import subprocess

import pytest

from workflow import vulnerabilities

FOUND = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": []}


def told(monkeypatch, capsys, report, reason=""):
    """Exit code and words of the check, on a report of pip-audit's."""
    monkeypatch.setattr(vulnerabilities, "unavailable", lambda: reason)
    done = subprocess.CompletedProcess([], 0, stdout=report, stderr="broken")
    monkeypatch.setattr(subprocess, "run", lambda *_arguments, **_options: done)
    return vulnerabilities.main(), capsys.readouterr().out


@pytest.mark.parametrize(
    ("dependencies", "code", "words"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "0 in 1 locked packages; 0 could not be looked up"),
        ([{"name": "a", "version": "1", "vulns": [FOUND]}], 1, "a 1: PYSEC-1, fixed in no version yet"),
        ([{"name": "a", "skip_reason": "not found"}], 0, "not checked, none of 1 locked packages could be looked up"),
    ],
)
def test_findings_and_packages_that_nothing_is_known_of(monkeypatch, capsys, dependencies, code, words):
    found, said = told(monkeypatch, capsys, json.dumps({"dependencies": dependencies}))
    assert found == code
    assert words in said


def test_a_database_that_cannot_be_asked_is_told(monkeypatch, capsys):
    assert told(monkeypatch, capsys, "", "no network") == (0, "vulnerabilities: not checked, no network\n")


def test_a_check_that_breaks_fails(monkeypatch, capsys):
    assert told(monkeypatch, capsys, "no JSON") == (1, "vulnerabilities: pip-audit failed:\nbroken\n")


def test_a_finding_is_accepted_by_any_of_its_names():
    report = {"dependencies": [{"name": "a", "version": "1", "vulns": [FOUND]}]}
    assert vulnerabilities.judge(report, {"CVE-1": "not reachable"}) == ([], [])


def test_what_answers_without_advisories_is_no_database(monkeypatch):
    monkeypatch.setattr(vulnerabilities, "find_spec", lambda _name: object())
    monkeypatch.setattr(vulnerabilities, "_DATABASE", "data:text/plain,not found")
    assert "Expecting value" in vulnerabilities.unavailable()
    monkeypatch.setattr(vulnerabilities, "_DATABASE", "data:application/json,{}")
    assert vulnerabilities.unavailable() == ""


def test_pip_audit_trusts_the_system_unless_told_otherwise(monkeypatch, tmp_path):
    (tmp_path / "own.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    assert vulnerabilities.trusting()["REQUESTS_CA_BUNDLE"] == str(tmp_path / "own.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "another.pem")
    assert vulnerabilities.trusting()["REQUESTS_CA_BUNDLE"] == "another.pem"
