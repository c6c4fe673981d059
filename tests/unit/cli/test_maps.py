"""Maps of many shards are read as one, and no more of them than is asked for."""

import tracemalloc
from argparse import Namespace

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from case_saliency import storage
from case_saliency.cli.maps import find_maps, read_pairs
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.maps import write_maps
from case_saliency.storage.tables import write_table

SIZE = 64


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Three files of 300, 100 and 200 images, and the values of all of them."""
    folder = tmp_path_factory.mktemp("shards")
    values = np.random.default_rng(0).random((600, 2, SIZE, SIZE), dtype=np.float32)
    names = [f"image_{index:03}" for index in range(600)]
    files = []
    for index, (start, stop) in enumerate([(0, 300), (300, 400), (400, 600)]):
        part = xr.Dataset(
            {"gradcam": (("image", "target", "y", "x"), values[start:stop])}, coords={"image": names[start:stop]}
        )
        files.append(folder / f"{index}-of-3.nc")
        write_maps({"layer": part}, files[-1])
    return files, names, values


def test_images_are_read_across_shards_in_the_order_asked_for(shards):
    files, names, values = shards
    [(layer, method, maps)] = find_maps(files, ["gradcam"])
    assert (layer, method) == ("layer", "gradcam")
    assert maps.images == names
    for rows in ([0], [299, 300], [590, 3, 350, 4, 301], list(range(290, 410))):
        np.testing.assert_array_equal(maps.read([names[row] for row in rows]), values[rows])


def test_what_is_held_does_not_grow_with_the_number_of_images(shards):
    files, names, values = shards
    [(_, _, maps)] = find_maps(files, ["gradcam"])
    assert maps.images[-1] == names[-1]
    tracemalloc.start()
    for start in range(0, 600, 10):
        maps.read(names[start : start + 10])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < values.nbytes / 10


def test_a_method_that_no_file_holds_is_named(shards):
    with pytest.raises(CaseSaliencyError, match="maps of method 'scorecam' are in none of"):
        find_maps(shards[0], ["gradcam", "scorecam"])


def test_maps_of_two_sizes_are_not_joined(shards, tmp_path):
    smaller = xr.Dataset({"gradcam": (("image", "target", "y", "x"), np.zeros((1, 2, 7, 7), "f4"))}, {"image": ["a"]})
    write_maps({"layer": smaller}, tmp_path / "smaller.nc")
    with pytest.raises(CaseSaliencyError, match=r"at layer are \(2, 64, 64\) in .* and \(2, 7, 7\) in .*smaller"):
        find_maps([*shards[0], tmp_path / "smaller.nc"], ["gradcam"])


def test_an_image_without_a_map_is_named(shards):
    [(_, _, maps)] = find_maps(shards[0], ["gradcam"])
    with pytest.raises(CaseSaliencyError, match="'other' has no map in"):
        maps.read(["image_003", "other"])


def test_more_shards_are_read_than_a_process_may_have_files_open(tmp_path, few_open_files):
    part = xr.Dataset({"gradcam": (("image", "target", "y", "x"), np.zeros((1, 2, 2, 2), "f4"))})
    files = [tmp_path / f"{index}-of-20.nc" for index in range(20)]
    for index, file in enumerate(files):
        write_maps({"layer": part.assign_coords(image=[f"image_{index}"]) + index}, file)
    few_open_files(4)
    [(_, _, maps)] = find_maps(files, ["gradcam"])
    assert maps.read(maps.images[::-1])[:, 0, 0, 0].tolist() == list(range(20))[::-1]


@pytest.fixture
def pairs(shards, tmp_path):
    """A function that reads the pairs of maps with predictions and a description, or other ones."""
    size = {"input_size": 224, "resize": 256, "interpolation": "bilinear", "mean": [0.5] * 3, "std": [0.5] * 3}
    known = pd.DataFrame({"image_id": shards[1], "label": 1, "top1": 1, "top2": 2, "correct": True})

    def read(predictions=known, transform=size, files=shards[0]):
        table, description = tmp_path / "seed0.parquet", tmp_path / "model.json"
        write_table(predictions, table)
        storage.write_json({"transform": transform}, description)
        return list(read_pairs(Namespace(predictions=table, description=description, maps=files), ["gradcam"]))

    read.known, read.size = known, size
    return read


def test_an_image_without_a_prediction_is_named(pairs):
    assert len(pairs()) == 5
    with pytest.raises(CaseSaliencyError, match=r"seed0\.parquet: 595 of 600 images have no row, .*'image_005'"):
        pairs(pairs.known[:5])
    with pytest.raises(CaseSaliencyError, match=r"seed0\.parquet: image 'image_003' has several rows"):
        pairs(pd.concat([pairs.known, pairs.known[3:4]]))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"image_id": 7}, "column image_id is int64"),
        ({"top2": 0.5}, "column top2 is float64"),
        ({"correct": "yes"}, "column correct is"),
    ],
)
def test_a_table_that_is_none_of_predictions_is_named(pairs, changes, told):
    with pytest.raises(CaseSaliencyError, match=rf"seed0\.parquet: no table of predictions, {told}"):
        pairs(pairs.known.assign(**changes))
    with pytest.raises(CaseSaliencyError, match=r"no table of predictions, column \w+ is None"):
        pairs(pairs.known.drop(columns=list(changes)))


@pytest.mark.parametrize(
    "changes",
    [{"input_size": -3}, {"input_size": "x"}, {"input_size": 224.5}, {"input_size": 10**9, "resize": 10**9}],
)
def test_a_description_that_is_none_is_named(pairs, changes):
    with pytest.raises(CaseSaliencyError, match=r"model\.json: no description of a network \(.*(input_size|'<='|int)"):
        pairs(transform=pairs.size | changes)
    with pytest.raises(CaseSaliencyError, match=r"model\.json: no description of a network \(.*fields"):
        pairs(transform={})


@pytest.mark.parametrize("shape", [(1, 2, 0, 0), (1, 0, 2**62, 3), (1, 2, 2**62, 0)])
def test_maps_without_pixels_are_named(tmp_path, shape):
    path = tmp_path / "t.nc"
    write_maps({"layer": xr.Dataset(coords={"image": ["a"]})}, path)
    with h5py.File(path, "r+") as file:
        file["layer"].create_dataset("gradcam", shape, "f4", chunks=(1, 1, 1, 1), maxshape=(None,) * 4)
    with pytest.raises(CaseSaliencyError, match=r"t\.nc: the maps of /layer/gradcam are \(.*\), without pixels"):
        find_maps([path], ["gradcam"])


def test_ids_that_are_no_texts_are_named(pairs):
    gap = pairs.known.assign(image_id=[None, *pairs.known["image_id"][1:]])
    with pytest.raises(CaseSaliencyError, match=r"seed0\.parquet: image id nan is no text"):
        pairs(gap)


def test_a_shard_that_is_named_twice_is_refused(pairs, shards):
    with pytest.raises(CaseSaliencyError, match="several files have a map of image 'image_000'"):
        pairs(files=[shards[0][0], *shards[0]])
