"""Records and journals as untrusted data: what stands in them is an outcome, and no change of a chain goes unseen."""

import hashlib
import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from case_saliency.provenance import journal
from case_saliency.provenance.audit import packages, reading
from case_saliency.provenance.audit.graph import graph

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
GOOD = {
    "id": "0" * 16,
    "stage": "plot",
    "status": "completed",
    "command": ["case-saliency"],
    "parameters": {},
    "inputs": [{"role": "a", "path": "a", "sha256": "0", "bytes": 1}],
    "outputs": [{"role": "b", "path": "b", "sha256": "0", "bytes": 1}],
    "code": {},
    "git": {},
    "source": {},
    "started": "2026-01-01T00:00:00+00:00",
    "ended": "2026-01-01T00:00:00+00:00",
}


@settings(max_examples=200, deadline=None)
@given(changed=st.dictionaries(st.sampled_from([*GOOD, "machine", "seeds", "versions", "environment"]), VALUES))
def test_a_record_is_read_or_refused(tmp_path_factory, changed):
    file = tmp_path_factory.mktemp("records") / "a.json"
    file.write_text(json.dumps(GOOD | changed))
    with suppress(reading.UnreadableError):
        run = reading.load(file, "a.json")
        assert graph([run]).behind(["b"])[-1] == "b"


@given(content=st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(content):
    with suppress(reading.UnreadableError):
        reading.parse(content)


@given(lock=st.text(max_size=100), inventory=st.lists(st.text(max_size=30), max_size=4))
def test_any_lock_and_inventory_can_be_compared(lock, inventory):
    packages.differences(f"numpy==1 ; {lock}\n{lock}", tuple(inventory))


def chained(number):
    lines, previous = [], journal.FIRST
    for index in range(number):
        entry = {"record": f"{index}.json", "sha256": "0", "status": "completed", "previous": previous}
        lines.append(json.dumps(entry).encode() + b"\n")
        previous = hashlib.sha256(lines[-1]).hexdigest()
    return lines


@settings(max_examples=100, deadline=None)
@given(data=st.data(), number=st.integers(2, 8))
def test_no_change_before_the_last_line_goes_unseen(tmp_path_factory, data, number):
    folder, lines = tmp_path_factory.mktemp("journal"), chained(number)
    (folder / journal.NAME).write_bytes(b"".join(lines))
    assert journal.read(folder).problems == ()
    index = data.draw(st.integers(0, number - 2))
    kind = data.draw(st.sampled_from(["remove", "repeat", "swap", "flip"]))
    if kind == "remove":
        del lines[index]
    elif kind == "repeat":
        lines.insert(index, lines[index])
    elif kind == "swap":
        lines[index], lines[index + 1] = lines[index + 1], lines[index]
    else:
        place = data.draw(st.integers(0, len(lines[index]) - 2))
        lines[index] = lines[index][:place] + bytes([lines[index][place] ^ 1]) + lines[index][place + 1 :]
    (folder / journal.NAME).write_bytes(b"".join(lines))
    assert journal.read(folder).problems != ()
