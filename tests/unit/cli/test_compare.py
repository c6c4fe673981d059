"""Published results beside copies of themselves that were changed in a known way."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from case_saliency import storage
from case_saliency.cli.main import main
from case_saliency.statistics.reference import KEYS, SMALL_P, TOLERANCES, UNITS, compare, kind
from case_saliency.storage.tables import read_table, write_table

PUBLISHED = Path(__file__).parents[3] / "docs/results"
NAME = "imagenet-sample"


@pytest.fixture
def results(tmp_path):
    """A run that gave exactly the published results."""
    folder = tmp_path / "results/tables" / NAME
    shutil.copytree(PUBLISHED / NAME, folder)
    if (folder / "claims.json").exists():
        (tmp_path / "results/claims").mkdir()
        (folder / "claims.json").rename(tmp_path / f"results/claims/{NAME}.json")
    return tmp_path / "results"


def change(results, table, function):
    file = results / "tables" / NAME / f"{table}.csv"
    write_table(function(read_table(file)), file)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A run that gave one of several published tables."""
    for name in (NAME, "digits", "fashion-mnist"):
        (tmp_path / "published" / name).mkdir(parents=True)
        shutil.copy(PUBLISHED / NAME / "agreement.csv", tmp_path / "published" / name)
    shutil.copytree(tmp_path / "published" / NAME, tmp_path / "results/tables" / NAME)
    monkeypatch.setitem(globals(), "PUBLISHED", tmp_path / "published")
    return tmp_path / "results"


def outcome(results, capsys, *arguments):
    code = main(["compare", "--results", str(results), "--reference", str(PUBLISHED), "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def shifted(column, share, row=0):
    """Move a value by a share of the column's largest."""

    def apply(table):
        table[column] = table[column].astype(float)
        table.loc[row, column] += share * table[column].abs().max()
        return table

    return apply


def test_the_published_results_equal_themselves(results, capsys):
    code, told = outcome(results, capsys)
    assert (code, told["overall"]) == (0, "equal")
    [found] = told["experiments"]
    assert found["counts"]["values"]["equal"] == sum(found["counts"]["values"].values()) > 40_000
    assert [found[name] for name in ("missing", "added", "worst")] == [[], [], []]


@pytest.mark.parametrize(
    ("column", "share", "code", "overall"),
    [
        ("mean_agreement", 0.9 * TOLERANCES["estimate"], 0, "within tolerance"),
        ("mean_agreement", 1.1 * TOLERANCES["estimate"], 3, "same conclusions"),
        ("ci_high", 0.9 * TOLERANCES["interval"], 0, "within tolerance"),
        ("ci_high", 1.1 * TOLERANCES["interval"], 3, "same conclusions"),
        ("n", 1 / 18, 3, "same conclusions"),  # one image more
    ],
)
def test_a_shifted_number(results, capsys, column, share, code, overall):
    change(results, "agreement", shifted(column, share))
    found_code, told = outcome(results, capsys)
    assert (found_code, told["overall"]) == (code, overall)
    [worst] = told["experiments"][0]["worst"]
    if column != "n":
        kind_of = "interval" if column == "ci_high" else "estimate"
        assert told["experiments"][0]["largest"][kind_of] == pytest.approx(share, rel=1e-6)
    assert (worst["table"], worst["column"]) == ("agreement", column)
    assert worst["row"].startswith(f"experiment={NAME}")


def test_p_values_are_compared_absolutely_and_small_ones_not_at_all(results, capsys):
    def scaled(factor):
        def apply(table):
            table["p_friedman"] = table["p_friedman"] * factor
            return table

        return apply

    assert read_table(PUBLISHED / NAME / "ranks.csv")["p_friedman"].max() < SMALL_P / 10
    change(results, "ranks", scaled(10))
    assert outcome(results, capsys)[1]["overall"] == "within tolerance"
    change(results, "ranks", lambda table: table.assign(p_friedman=0.02))
    assert outcome(results, capsys)[1]["overall"] == "same conclusions"


def mixed():
    """Return the published tables whose rows have several units, and for each unit the rows that have it."""
    found = []
    for file in sorted(PUBLISHED.glob("*/*.csv")):
        table = read_table(file)
        units = [name for name in ("measure", "outcome", "quantity") if name in table]
        found += [
            pytest.param(file, rows.index, id="-".join((file.parent.name, file.stem, *unit)))
            for unit, rows in (table.groupby(units) if units else [])
        ]
    return found


def measured(table):
    return [name for name in table if name not in KEYS and kind(name, table[name]) in ("estimate", "interval")]


@pytest.mark.parametrize(("file", "rows"), mixed())
def test_a_number_that_is_off_by_a_twentieth_of_its_own_unit_is_different(file, rows):
    table = read_table(file)
    numbers = table.loc[rows, measured(table)]
    if "quantity" in table and table.loc[rows, "quantity"].iloc[0].startswith("p_"):  # by another rule
        pytest.skip("p-values")
    changed = table.copy()
    changed.loc[rows, numbers.columns] = numbers + 0.05 * numbers.abs().max()
    cells = compare(changed, table, file.stem).cells
    touched = cells[cells["state"] != "equal"]
    assert set(touched["state"]) == {"different"}
    assert len(touched) == numbers.loc[:, numbers.abs().max() > 0].notna().sum().sum() > 0


def test_p_values_among_other_quantities_are_compared_as_p_values():
    table = read_table(PUBLISHED / "digits/paper.csv")
    assert {"mean", "p_wilcoxon"} <= set(table["quantity"])
    tests = table["quantity"].str.startswith("p_") & (table["ours"] > SMALL_P)
    for factor, state in ((1.05, "within"), (1.2, "different")):
        changed = table.assign(ours=table["ours"].where(~tests, table["ours"] * factor))
        cells = compare(changed, table, "paper").cells
        touched = cells[cells["state"] != "equal"]
        assert (len(touched), set(touched["kind"]), set(touched["state"])) == (tests.sum(), {"p"}, {state})
    small = table["ours"] < SMALL_P
    cells = compare(table.assign(ours=table["ours"].where(~small, table["ours"] / 2)), table, "paper").cells
    assert set(cells.loc[cells["column"] == "ours", "state"]) == {"equal", "within"}


def test_p_values_of_defects_are_p_values():
    assert kind("p", pd.Series([0.5])) == "p"


@pytest.mark.parametrize("file", sorted(PUBLISHED.glob("*/*.csv")), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_no_other_key_of_a_published_table_tells_the_unit_of_its_numbers(file):
    """Where numbers of several units share a column, some rows' largest number is a small part of the column's."""
    table = read_table(file)
    units = [name for name in UNITS if name in table]
    keys = [name for name in KEYS if name in table and name not in ("method", "model", "seed", "layer", *units)]
    parts = [rows for unit, rows in table.groupby(units) if not unit[-1].startswith("p_")] if units else [table]
    for key in keys:
        for rows in parts:
            largest = rows[measured(table)].abs().groupby(rows[key]).max()
            ratio = largest.max() / largest.where(largest > 0).min()
            assert not (ratio > 75).any(), f"{key}: {ratio.idxmax()}"


def test_an_infinite_or_worded_number_is_told_as_it_is_and_alone(results, capsys):
    def spoiled(table):
        table["mean_agreement"] = table["mean_agreement"].astype(object)
        table.loc[0, "mean_agreement"] = "abc"
        table["p_sign"] = table["p_sign"].astype(object)
        table.loc[0, "p_sign"] = "abc"
        table.loc[1, "rejects_paper"] = True
        table["fragile"] = table["fragile"].astype(object)
        table.loc[0, "fragile"] = "abc"
        table.loc[2, "median_agreement"] = float("-inf")
        table.loc[3, "median_agreement"] = float("nan")
        return table

    change(results, "agreement", spoiled)
    code, told = outcome(results, capsys)
    assert code == 3
    found = told["experiments"][0]
    assert found["counts"]["values"]["different"] == 5
    fresh = {(one["column"], one["fresh"], one["kind"]) for one in found["worst"]}
    assert fresh == {
        ("mean_agreement", "abc", "text"),
        ("p_sign", "abc", "text"),
        ("fragile", "abc", "text"),
        ("median_agreement", "-inf", "estimate"),
        ("median_agreement", None, "estimate"),
    }
    assert set(found["largest"].values()) == {0.0}
    main(["compare", "--results", str(results), "--reference", str(PUBLISHED)])
    written = capsys.readouterr().out
    reference = read_table(PUBLISHED / NAME / "agreement.csv")
    assert f"agreement.mean_agreement {reference.loc[0, 'mean_agreement']:.6g} -> abc" in written
    assert f"{reference.loc[2, 'median_agreement']:.6g} -> -inf" in written
    assert f"{reference.loc[3, 'median_agreement']:.6g} -> empty" in written


def test_an_infinite_published_number_does_not_excuse_the_others():
    published = pd.DataFrame({"method": ["a", "b"], "mean": [float("inf"), 1.0]})
    cells = compare(published.assign(mean=[float("inf"), 1.5]), published, "t").cells
    assert list(cells["state"]) == ["equal", "different"]


def test_a_claim_is_named_as_one(results, capsys):
    file = results / f"claims/{NAME}.json"
    told = storage.read_json(file)
    told["claims"][0]["verdict"] = "nonsense"
    file.write_text(json.dumps(told), encoding="utf-8")
    code, told = outcome(results, capsys)
    assert code == 4
    assert told["experiments"][0]["worst"][0]["row"] == f"claim=C1 experiment={NAME}"


def test_another_verdict_is_a_difference_whatever_its_number(results, capsys):
    def other(table):
        table.loc[0, "verdict"] = "undecided"
        return table

    change(results, "agreement", other)
    code, told = outcome(results, capsys)
    assert (code, told["overall"]) == (4, "different")
    assert told["experiments"][0]["worst"][0]["fresh"] == "undecided"
    assert told["experiments"][0]["counts"]["conclusions"]["different"] == 1


@pytest.mark.parametrize(
    ("function", "missing"),
    [
        (lambda table: table.drop(columns="verdict"), "agreement: column verdict"),
        (lambda table: table.drop(columns="method"), "agreement: column method"),
        (lambda table: table.drop(index=0), "agreement: row experiment=imagenet-sample"),
    ],
)
def test_what_is_missing_is_named(results, capsys, function, missing):
    change(results, "agreement", function)
    code, told = outcome(results, capsys)
    assert (code, told["overall"]) == (4, "different")
    assert any(text.startswith(missing) for text in told["experiments"][0]["missing"])


def test_a_missing_table_is_named_and_a_new_one_does_no_harm(results, capsys):
    folder = results / "tables" / NAME
    (folder / "ranks.csv").rename(folder / "new.csv")
    code, told = outcome(results, capsys)
    assert code == 4
    assert (told["experiments"][0]["missing"], told["experiments"][0]["added"]) == (["table ranks"], ["table new"])
    shutil.copy(folder / "new.csv", folder / "ranks.csv")
    assert outcome(results, capsys)[0] == 0


def test_a_value_that_became_empty_is_a_difference(results, capsys):
    def emptied(table):
        table.loc[0, "median_agreement"] = float("nan")
        return table

    change(results, "agreement", emptied)
    assert outcome(results, capsys)[0] == 3


def test_the_order_of_rows_does_not_matter(results, capsys):
    change(results, "fidelity", lambda table: table.iloc[::-1])
    assert outcome(results, capsys)[1]["overall"] == "equal"


def test_the_text_names_the_worst_differences(results, capsys):
    change(results, "agreement", shifted("mean_agreement", 0.2))
    code = main(["compare", NAME, "--results", str(results), "--reference", str(PUBLISHED)])
    told = capsys.readouterr().out
    assert code == 3
    for part in ("1 different", "different by table: agreement 1", "agreement.mean_agreement"):
        assert part in told
    assert told.endswith("Overall: same conclusions.\n")


def test_what_cannot_be_compared_is_an_error(results, tmp_path, capsys):
    for arguments in (["nonsense"], ["digits"]):
        assert main(["compare", *arguments, "--results", str(results), "--reference", str(PUBLISHED)]) == 1
    assert main(["compare", "--results", str(tmp_path / "none"), "--reference", str(PUBLISHED)]) == 1
    assert "published in" in capsys.readouterr().err


def listing(small, *names):
    """Write the parameters of the run beside its results: these experiments under `run`."""
    (small.parent / "params.yaml").write_text(f"run: [{', '.join(names)}]\n", encoding="utf-8")


def test_an_experiment_of_the_run_without_tables_is_missing(small, capsys):
    listing(small, NAME, "digits")
    code, told = outcome(small, capsys)
    assert (code, told["overall"]) == (4, "different")
    first, second = told["experiments"]
    assert (first["experiment"], first["overall"]) == (NAME, "equal")
    assert (second["experiment"], second["overall"]) == ("digits", "different")
    [missing] = second["missing"]
    assert missing.startswith("all tables: ")
    assert "params.yaml lists digits under `run`" in missing
    (small / "tables/digits").mkdir()  # an empty folder is no table
    assert outcome(small, capsys)[0] == 4
    assert main(["compare", "--results", str(small), "--reference", str(PUBLISHED)]) == 4
    assert f"digits: different\n  missing: {missing}" in capsys.readouterr().out


def test_an_experiment_beyond_the_run_is_named_and_does_no_harm(small, capsys):
    listing(small, NAME, "mine")
    code, told = outcome(small, capsys)
    assert (code, told["overall"]) == (0, "equal")
    assert set(told["not_compared"]) == {"digits", "fashion-mnist", "mine"}
    assert told["not_compared"]["mine"] == "not published"
    assert main(["compare", "--results", str(small), "--reference", str(PUBLISHED)]) == 0
    written = capsys.readouterr().out
    assert "digits: not compared: not run here (to run it, list it under `run` in params.yaml" in written


def test_what_ran_beyond_the_list_is_compared_too(small, capsys):
    listing(small)
    code, told = outcome(small, capsys)
    assert (code, [one["experiment"] for one in told["experiments"]]) == (0, [NAME])


def test_results_outside_a_repository_have_their_own_parameters_or_none(small, tmp_path, capsys, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "params.yaml").write_text("run: [digits]", encoding="utf-8")
    monkeypatch.chdir(elsewhere)  # the parameters of another run
    assert outcome(small, capsys)[0] == 0
    assert outcome(small, capsys, "--params", "params.yaml")[0] == 4
    listing(small, "digits")
    monkeypatch.chdir(small)
    assert outcome(Path(), capsys)[0] == 4
    assert outcome(Path(), capsys, NAME)[0] == 0  # what is named is compared, no more


@pytest.mark.parametrize(
    "content", ["run: digits", "run: [1]", "seed: 0", "[digits]", "", "run: !!python/name:os.name"]
)
def test_parameters_that_list_no_experiments_are_an_error(small, capsys, content):
    (small.parent / "params.yaml").write_text(content, encoding="utf-8")
    assert main(["compare", "--results", str(small), "--reference", str(PUBLISHED)]) == 1
    assert "params.yaml: " in capsys.readouterr().err
    missing = ["--params", str(small / "none.yaml")]
    assert main(["compare", "--results", str(small), "--reference", str(PUBLISHED), *missing]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_the_shipped_run_is_published():
    listed = yaml.safe_load((PUBLISHED.parents[1] / "params.yaml").read_text(encoding="utf-8"))["run"]
    assert set(listed) <= {folder.name for folder in PUBLISHED.iterdir()}


@pytest.mark.parametrize("file", sorted(PUBLISHED.glob("*/*.csv")), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_rows_of_every_published_table_have_names_of_their_own(file):
    table = read_table(file)
    found = compare(table, table, file.stem)
    keys = [key for key in KEYS if key in table]
    assert len(found.cells) == len(table) * (table.shape[1] - len(keys))
    assert kind("p_holm", table.iloc[:, 0]) in TOLERANCES
    with pytest.raises(ValueError, match="rows are not told apart"):
        compare(
            table.drop(columns=[key for key in keys if key != "experiment"]).assign(experiment="e"),
            pd.DataFrame({"experiment": ["e"]}),
            "t",
        )
