import json
import os
from concurrent.futures import ProcessPoolExecutor

from case_saliency.provenance import journal


def write(folder, number):
    record = folder / f"stage/{number}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(str(number))
    journal.append(folder, record, "completed")


def entries(folder):
    return (folder / journal.NAME).read_text().splitlines(keepends=True)


def test_lines_follow_from_each_other(tmp_path):
    for number in range(3):
        write(tmp_path, number)
    found = journal.read(tmp_path)
    assert found.problems == ()
    assert [line.record for line in found.lines] == ["stage/0.json", "stage/1.json", "stage/2.json"]
    assert json.loads(entries(tmp_path)[0])["previous"] == journal.FIRST


def test_the_last_line_of_a_record_counts(tmp_path):
    for number in (0, 1, 0):
        write(tmp_path, number)
    assert journal.read(tmp_path).latest()["stage/0.json"].number == 3


def test_parallel_jobs_take_turns(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(write, [tmp_path] * 40, range(40)))
    found = journal.read(tmp_path)
    assert found.problems == ()
    assert len(found.lines) == 40


def test_an_edited_removed_or_moved_line_breaks_the_chain(tmp_path):
    for number in range(4):
        write(tmp_path, number)
    lines, file = entries(tmp_path), tmp_path / journal.NAME
    for changed in (
        [lines[0].replace("stage/0", "stage/9"), *lines[1:]],
        lines[1:],
        [lines[0], *lines[2:]],
        [lines[0], lines[2], lines[1], lines[3]],
    ):
        file.write_text("".join(changed))
        assert any("does not follow" in problem for problem in journal.read(tmp_path).problems)


def test_a_torn_last_line_is_told_and_does_not_stop_the_next(tmp_path):
    write(tmp_path, 0)
    write(tmp_path, 1)
    file = tmp_path / journal.NAME
    file.write_bytes(file.read_bytes()[:-20])
    write(tmp_path, 2)
    found = journal.read(tmp_path)
    assert found.problems == ("line 2 is not readable",)
    assert [line.record for line in found.lines] == ["stage/0.json", "stage/2.json"]


def test_a_line_longer_than_what_is_read_at_once(tmp_path):
    write(tmp_path, "a" * 200)
    file = tmp_path / journal.NAME
    file.write_bytes(file.read_bytes().rstrip(b"\n") + b" " * 200_000 + b"\n")
    write(tmp_path, 1)
    assert journal.read(tmp_path).problems == ()


def test_anything_can_stand_in_a_journal(tmp_path):
    assert journal.read(tmp_path) is None
    file = tmp_path / journal.NAME
    for content in (b"\xff\n", b"[]\n", b"3\n", b"[" * 100_000 + b"\n", b'{"record": 1}\n'):
        file.write_bytes(content)
        assert journal.read(tmp_path).problems == ("line 1 is not readable",)


def test_a_journal_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / journal.NAME)
    assert "no regular file" in journal.read(tmp_path).problems[0]
