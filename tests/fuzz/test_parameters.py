"""params.yaml, and what of it reaches a shell, a path or an import."""

import argparse
import copy
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from hostile import NAMES, VALUES, altered, damaged, few
from hypothesis import given
from hypothesis import strategies as st

from case_saliency import validation
from case_saliency.cli import arguments
from case_saliency.validation import plain

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "params.yaml").read_bytes()
SHIPPED = yaml.safe_load(TEXT)
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/params.schema.yaml").read_text())
SHORT = b"seed: 1\nrun: [a, b]\nmodels: &m\n  x: {y: 1}\nmethods:\n  <<: *m\n"
TAGS = [
    "!!python/object/apply:os.system ['touch pwned']",
    "!!python/name:os.system",
    "!mine x",
    "!!binary aGk=",
    "!!set {a}",
]
BOMBS = st.integers(1, 60).map(
    lambda n: b"a0: &a0 [1, 1]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (i, i, i - 1, i - 1) for i in range(1, n))
)
FILES = (
    damaged(SHORT)
    | st.sampled_from(TAGS).map(lambda tag: f"run: {tag}\n".encode())
    | BOMBS
    | st.integers(1, 2000).map(lambda depth: b"a: " + b"[" * depth)
    | st.sampled_from(
        [b"__use_yte__: true\n", b'"\\x5f_use_yte__": true\n', b"a: &a [*a]\n", b"a: 1\na: 2\n", b"\xff", b""]
    )
    | VALUES.map(lambda value: json.dumps(value).encode())
)


@pytest.mark.reader("params.yaml: its text")
@few
@given(content=FILES)
def test_texts(content, file, tally):
    tally.says = "params.yaml"
    path = file("params.yaml", content)
    if tally.read(lambda: plain.check(path) or "passed"):
        found = yaml.load(content, Loader=yaml.FullLoader)  # noqa: S506 (as Snakemake reads it)
        assert "__use_yte__" not in (found if isinstance(found, dict) else ())
        assert len(json.dumps(found, default=str)) < 10**7


def test_the_shipped_text_passes():
    plain.check(ROOT / "params.yaml")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a: 1\n__use_yte__: true\n", "line 1: __use_yte__ is not allowed"),
        (b"a: 1\nb: !!python/name:os.system\n", "line 2: tag 'tag:yaml.org,2002:python/name:os.system' is not allowed"),
        (b"a: 1\nb: 2\na: 3\n", "key 'a' stands twice"),
        (b"a: &a [*a]\n", "unfolds into more than 100000 values"),
        (b"a: [1\n", "not YAML"),
        ("a: 1\n".encode("utf-16"), "not YAML: 'utf-8' codec"),
        (b"[" * 10**5, "nested too deeply"),
        (b"#" * (2**20 + 1), "1048577 bytes found"),
    ],
    ids=["template", "tag", "twice", "alias", "no yaml", "utf-16", "deep", "large"],
)
def test_what_is_more_than_values_is_named(content, told, file, tally):
    tally.says = told
    assert tally.read(lambda: plain.check(file("params.yaml", content)) or "passed") is None


WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")


@pytest.mark.reader("params.yaml: names and values")
@few
@given(params=altered(SHIPPED) | st.tuples(st.sampled_from(["run", "experiments", "models", "methods"]), NAMES))
def test_names_and_values(params, tally):
    if isinstance(params, tuple):
        params = _named(*params)
    tally.says = "params.yaml: "
    if tally.read(lambda: validation.validate(params, SCHEMA) or "passed"):
        names = [*params["run"], *params["experiments"], *params["models"], *params["methods"]]
        names += [model for one in params["experiments"].values() for model in one["models"]]
        assert all(WORD.match(name) for name in names), "a name that is no word would reach paths and commands"


def _named(section, name):
    """The shipped parameters with an entry of this name."""
    found = copy.deepcopy(SHIPPED)
    if section == "run":
        found["run"] = [name]
    else:
        found[section][name] = copy.deepcopy(next(iter(found[section].values()), {"method": "case"}))
    return found


@pytest.mark.parametrize("name", ["digits\n", "digits\0", "digits;x", "../digits", "digits x", "$(digits)"])
def test_an_experiment_is_named_by_a_word(name, tally):
    tally.says = "params.yaml: "
    assert tally.read(lambda: validation.validate(_named("experiments", name), SCHEMA) or "passed") is None


@pytest.mark.reader("settings of a stage: JSON on a command line")
@few
@given(text=VALUES.map(json.dumps).flatmap(lambda text: damaged(text.encode("utf-8", "replace"))))
def test_settings(text, tally):
    tally.refusal = (argparse.ArgumentTypeError,)
    word = text.decode("utf-8", "replace").replace("\0", "")
    assert shlex.split(shlex.quote(word)) == [word], "as Snakemake's :q passes it"
    found = tally.read(lambda: arguments._json_object(word))
    assert found is None or isinstance(found, dict)
