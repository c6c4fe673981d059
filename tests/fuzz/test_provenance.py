"""Records, journal, inventories, dvc.lock, ids in figures, tables and claims to compare: what an audit reads."""

import io
import json
import struct

import pandas as pd
import pytest
import yaml
from hostile import VALUES, altered, damaged, few
from hypothesis import given
from hypothesis import strategies as st

from case_saliency import storage
from case_saliency.cli.main import main
from case_saliency.provenance import hashing, inputs, journal
from case_saliency.provenance.audit import embedded, others, reading
from case_saliency.provenance.audit.records import records as audit_records
from case_saliency.provenance.folders import FOLDER
from workflow.versioning import lockfile, records

DIGEST = "0" * 64
RECORD = {
    "schema_version": 1,
    "id": "0" * 16,
    "stage": "plot",
    "status": "completed",
    "command": ["case-saliency"],
    "parameters": {},
    "inputs": [{"role": "a", "path": "a", "sha256": DIGEST, "bytes": 1}],
    "outputs": [{"role": "b", "path": "results/b.csv", "sha256": DIGEST, "bytes": 1}],
    "code": {},
    "git": {"commit": None, "dirty": None, "diff_sha256": None},
    "source": {},
    "started": "2026-01-01T00:00:00+00:00",
    "ended": "2026-01-01T00:00:00+00:00",
}
RECORDS = damaged(json.dumps(RECORD).encode()) | altered(RECORD).map(lambda value: json.dumps(value).encode())


@pytest.mark.reader("records of runs")
@few
@given(content=RECORDS)
def test_records(content, file, tally, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tally.refusal = (reading.UnreadableError,)
    path = file("r.json", content)
    tally.read(lambda: reading.load(path, "r.json"))


@pytest.mark.reader("records of runs, by the next stage and by the gate")
@few
@given(content=RECORDS)
def test_records_of_inputs(content, tally, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / FOLDER / "plot"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "b.csv.json").write_bytes(content)
    tally.read(lambda: inputs.check([{"path": "results/b.csv", "sha256": DIGEST}]) or "passed")
    (tmp_path / "results/b.csv").write_bytes(b"not what any record says")
    found = tally.read(lambda: records.altered(["results/b.csv"], audit_records(tmp_path), tmp_path))
    assert found == ["results/b.csv"]


@pytest.mark.reader("journal of runs")
@few
@given(
    content=damaged(b'{"record":"a.json","sha256":"0","status":"completed","previous":"0"}\n' * 3)
    | st.lists(VALUES.map(json.dumps), max_size=4).map(lambda lines: "\n".join(lines).encode("utf-8", "replace"))
)
def test_journals(content, tmp_path, tally):
    (tmp_path / journal.NAME).write_bytes(content)
    found = tally.read(lambda: journal.read(tmp_path))
    assert found.problems or not content.strip()


LOCK = {
    "schema": "2.0",
    "stages": {"s": {"cmd": "x", "outs": [{"path": "results/a", "hash": "md5", "md5": DIGEST[:32], "size": 1}]}},
}


@pytest.mark.reader("dvc.lock and .dvc files")
@few
@given(content=damaged(yaml.safe_dump(LOCK).encode()) | altered(LOCK).map(lambda v: json.dumps(v).encode()))
def test_locks(content, tmp_path, tally):
    (tmp_path / "dvc.lock").write_bytes(content)
    assert tally.read(lambda: others.locked(tmp_path, []) or "empty") is not None, "an audit reports, and goes on"
    tally.refusal, tally.says = (lockfile.LockFileError,), "dvc.lock"
    found = tally.read(lambda: lockfile.locked(tmp_path))
    assert found is None or all(isinstance(entry, dict) for entry in found.values())


@pytest.mark.reader("ids of records in figures")
@few
@given(content=st.data())
def test_figures(content, file, tally):
    chunk = struct.pack(">I4s", 9, b"tEXt") + b"Record\0ab" + bytes(4)
    png = damaged(b"\x89PNG\r\n\x1a\n" + chunk * 2)
    pdf, svg = damaged(b"/Keywords (abc)"), damaged(b"<dc:identifier>abc</dc:identifier>")
    for name, kind in (("a.png", png), ("a.pdf", pdf), ("a.svg", svg)):
        path = file(name, content.draw(kind))
        found = tally.read(lambda path=path: embedded.embedded(path) or "none")
        assert isinstance(found, str)


@pytest.mark.reader("caches of hashes")
@few
@given(content=damaged(b'{"stamp": [1, 2, 3, 4, 5], "sha256": "00"}') | VALUES.map(lambda v: json.dumps(v).encode()))
def test_caches(content, file, tally):
    path = file("note.json", content)
    found = tally.read(lambda: hashing._recall(path) or "forgotten")
    assert found == "forgotten" or isinstance(found[1], str)


TABLE = pd.DataFrame(
    {
        "experiment": "tiny",
        "dataset": "digits",
        "model": ["a", "b"],
        "seed": 0,
        "layer": "last_conv",
        "method": "case",
        "k_percent": 5.0,
        "median_agreement": [10.0, 20.0],
        "p_wilcoxon": [0.01, 0.2],
        "verdict": ["sensitive", "undecided"],
    }
)
CLAIMS = {"schema_version": 1, "claims": [{"id": "c1", "experiment": "tiny", "verdict": "reproduced"}]}


@pytest.mark.reader("tables and claims to compare")
@few
@given(data=st.data())
def test_comparisons(data, tmp_path, tally, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    TABLE.assign(schema_version=storage.SCHEMA_VERSION).to_csv(buffer, index=False)
    for folder in ("docs/results/tiny", "results/tables/tiny", "results/claims"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / "results/tables/tiny/agreement.csv").write_bytes(buffer.getvalue())
    (tmp_path / "docs/results/tiny/agreement.csv").write_bytes(data.draw(damaged(buffer.getvalue())))
    claims = data.draw(altered(CLAIMS).map(lambda value: json.dumps(value).encode()))
    (tmp_path / "results/claims/tiny.json").write_bytes(claims)
    (tmp_path / "docs/results/tiny/claims.json").write_text(json.dumps(CLAIMS))
    tally.outcomes["read" if tally_code(["compare", "tiny"]) != 1 else "refused"] += 1
    capsys.readouterr()


def tally_code(command):
    code = main(command)
    assert code in {0, 1, 3, 4}
    return code
