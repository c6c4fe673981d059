"""Names of many files as few words: bash makes of them exactly the names, in order."""

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from case_saliency.datasets.shards import braced
from workflow.versioning.records import words

NAMES = st.one_of(
    st.builds("maps/{}/{}-of-{}.nc".format, st.sampled_from("ab"), st.integers(0, 12), st.sampled_from([9, 13])),
    st.sampled_from(["maps/a/model.json", "0-of-3.nc", "maps/a/01-of-13.nc", "maps/a/3-of-9.parquet"]),
)
RUNS = st.builds(
    lambda before, first, length: [f"{before}/{index}-of-40.nc" for index in range(first, first + length)],
    *(st.sampled_from(["x/seed0", "x/seed1"]), st.integers(0, 20), st.integers(1, 20)),
)


def expanded(words: str) -> list[str]:
    command = ["bash", "-c", f"printf '%s\\n' {words}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(RUNS, NAMES.map(lambda name: [name])), min_size=1, max_size=6))
def test_bash_expands_the_words_to_the_files(parts):
    files = [file for part in parts for file in part]
    assert expanded(braced(files)) == files
    assert words(braced(files)) == files, "as the gate reads a command"


def test_a_family_of_many_shards_is_one_word():
    files = [f"results/{family}/{index}-of-1600.nc" for family in ("gradient", "control") for index in range(1600)]
    assert braced(files) == "results/gradient/{0..1599}-of-1600.nc results/control/{0..1599}-of-1600.nc"
