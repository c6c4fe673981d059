"""Maps are written part by part: the same bytes however they are cut, and in memory that images do not take."""

import io
import subprocess
import sys
import tracemalloc
from contextlib import closing
from itertools import pairwise

import h5py
import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from case_saliency.attribution import engine
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.registry import resolve
from case_saliency.storage import map_writer as module
from case_saliency.storage.hdf5_target import Target
from case_saliency.storage.map_writer import map_writer
from case_saliency.storage.maps import open_maps, write_maps

N = 700
IDS = [f"é{index}" for index in range(N)]


def layers():
    """Maps of two sizes, whose chunks end at different images, and notes of several kinds."""
    random = np.random.default_rng(0)
    coordinates = {
        "image": IDS,
        "target": ["top1", "top2"],
        "class_index": (("image", "target"), np.eye(N, 2, dtype=int)),
    }
    dims = ("image", "target", "y", "x")
    small, large = (random.random((N, 2, side, side), dtype=np.float32) for side in (7, 30))
    small[3, 0, 0, 0] = np.nan
    notes = {
        "b__classes": (("image", "target", "b__classes_2"), random.integers(0, 9, (N, 2, 3)), {"noted_by": "b"}),
        "b__true": (("image", "target"), np.eye(N, 2) > 0, {"noted_by": "b"}),
        "b__none": (("image", "target", "b__none_2"), np.empty((N, 2, 0)), {"noted_by": "b"}),
    }
    maps = {"b": (dims, small, {"n_zero": 0, "citation": "ü", "share": 0.5}), "a": (dims, 2 * small)}
    return {
        "late": xr.Dataset(maps | notes, coordinates, {"module": "conv"}),
        "early": xr.Dataset({"c": (dims, large)}, coordinates),
    }


def written(path, whole, cuts):
    with map_writer(path, IDS, {"experiment": "tiny"}) as writer:
        for start, stop in pairwise([0, *cuts, N]):
            writer.append({name: dataset.isel(image=slice(start, stop)) for name, dataset in whole.items()})
    return path


@pytest.mark.parametrize("cuts", [[], range(1, N), range(64, N, 64), [1, 127, 128, 129, 699]])
def test_bytes_do_not_depend_on_parts(tmp_path, cuts):
    whole = layers()
    write_maps(whole, tmp_path / "whole.nc", {"experiment": "tiny"})
    assert written(tmp_path / "parts.nc", whole, cuts).read_bytes() == (tmp_path / "whole.nc").read_bytes()


def test_all_comes_back(tmp_path):
    whole = layers()
    written(tmp_path / "m.nc", whole, [100])
    with xr.open_datatree(tmp_path / "m.nc", engine="h5netcdf") as found:
        assert found.attrs["experiment"] == "tiny"
        assert list(found.children) == ["early", "late"]
        for name, dataset in whole.items():
            xr.testing.assert_identical(found[name].to_dataset().load(), dataset)
    stored = open_maps(tmp_path / "m.nc")
    assert {layer: list(methods) for layer, methods in stored.items()} == {"early": ["c"], "late": ["b", "a"]}
    np.testing.assert_array_equal(stored["late"]["a"].read(slice(None)), whole["late"]["a"], strict=True)
    assert stored["late"]["a"].images == tuple(IDS)


def test_a_file_is_as_xarray_would_write_it(tmp_path):
    whole = layers()
    encoding = {f"/{name}": {"image": {"dtype": "S1"}, "target": {"dtype": "S1"}} for name in whole}
    xr.DataTree.from_dict(whole).to_netcdf(tmp_path / "xarray.nc", engine="h5netcdf", encoding=encoding)
    written(tmp_path / "m.nc", whole, [100])
    with h5py.File(tmp_path / "xarray.nc") as expected, h5py.File(tmp_path / "m.nc") as found:
        for layer in whole:
            assert set(found[layer]) == set(expected[layer])
            for name, variable in expected[layer].items():
                ours = found[layer][name]
                assert (ours.dtype, ours.shape, ours.fillvalue) == (
                    variable.dtype,
                    variable.shape,
                    variable.fillvalue,
                ) or (np.isnan(ours.fillvalue) and np.isnan(variable.fillvalue))
                assert set(ours.attrs) == set(variable.attrs), name


def test_chunks_hold_whole_images_and_depend_on_their_size_alone(tmp_path):
    written(tmp_path / "m.nc", layers(), [3])
    with h5py.File(tmp_path / "m.nc") as file:
        chunks = {variable.name: variable.chunks for layer in file.values() for variable in layer.values()}
    assert chunks["/late/a"] == chunks["/late/b"] == (128, 2, 7, 7)
    assert chunks["/early/c"] == (8, 2, 30, 30)
    assert chunks["/late/b__true"] == (N, 2)
    assert chunks["/late/image"] is None
    assert module._rows((N, 2, 224, 224), np.dtype(np.float32)) == 1


def test_attributes_are_those_of_the_last_part(tmp_path):
    whole = layers()
    with map_writer(tmp_path / "m.nc", IDS) as writer:
        for start, stop in ((0, 1), (1, N)):
            part = {name: dataset.isel(image=slice(start, stop)) for name, dataset in whole.items()}
            part["late"]["a"].attrs["n_zero"] = stop
            writer.append(part)
    with xr.open_datatree(tmp_path / "m.nc", engine="h5netcdf") as found:
        assert found["late"]["a"].attrs == {"n_zero": N}


def append(path, *parts, error=None):
    """Write parts, and fail after the last."""
    with map_writer(path, IDS) as writer:
        for part in parts:
            writer.append(part)
        if error:
            raise error


def test_images_that_are_not_the_next_ones_are_refused(tmp_path):
    path, part = tmp_path / "m.nc", {name: dataset.isel(image=slice(0, 2)) for name, dataset in layers().items()}
    with pytest.raises(ValueError, match="the images of early are not the next ones, é2, é3"):
        append(path, part, part)
    with pytest.raises(ValueError, match="maps of 2 images were written, 700 were to come"):
        append(path, part)
    with pytest.raises(ValueError, match="maps of 0 images were written"):
        append(path)
    with pytest.raises(ValueError, match="the images of late are not the next ones, é0, é1"):
        write_maps({"early": part["early"], "late": part["late"].isel(image=[1, 0])}, path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [lambda a: a.isel(x=slice(1)), lambda a: a.drop_vars("c")])
def test_parts_of_another_shape_are_refused(tmp_path, change):
    first, second = (layers()["early"].isel(image=[index]) for index in (0, 1))
    with pytest.raises(ValueError, match="shapes of image é1 and on are not those of the first"):
        append(tmp_path / "m.nc", {"early": first}, {"early": change(second)})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [OSError(5, "no image"), ValueError("no method"), KeyboardInterrupt()])
def test_what_goes_wrong_between_parts_is_told_as_it_is(tmp_path, error):
    part = {name: dataset.isel(image=slice(0, 600)) for name, dataset in layers().items()}
    with pytest.raises(type(error)) as raised:
        append(tmp_path / "m.nc", part, error=error)
    assert raised.value is error
    assert not list(tmp_path.iterdir())


FULL = """
import sys
import numpy as np
import xarray as xr
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.map_writer import map_writer

path, ids, side = sys.argv[1], [str(index) for index in range(400)], int(sys.argv[2])
values = np.random.default_rng(0).random((50, 2, side, side), dtype=np.float32)
try:
    with map_writer(path, ids) as writer:
        for start in range(0, 400, 50):
            part = xr.Dataset({"m": (("image", "target", "y", "x"), values)}, {"image": ids[start : start + 50]})
            writer.append({"l": part})
except CaseSaliencyError as error:
    print(error)
"""


@pytest.mark.parametrize("side", [3, 40])  # it is full when the file is closed, or before
def test_a_full_disk_is_one_error(tmp_path, side):
    command = ["mount", "-t", "tmpfs", "-o", "size=16k" if side == 3 else "size=256k", "tmpfs", str(tmp_path)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"needs root to mount a small file system: {mounted.stderr.strip()}")
    path = tmp_path / "m.nc"
    done = subprocess.run([sys.executable, "-c", FULL, path, str(side)], capture_output=True, text=True, check=False)
    left = list(tmp_path.iterdir())
    subprocess.run(["umount", str(tmp_path)], check=True)
    told = f"cannot write {path}: No space left on device; nothing was kept, free the cause and run again\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, told, "")
    assert not left


def test_what_could_not_be_written_is_read_back(tmp_path):
    (tmp_path / "t").write_bytes(b"")
    with Target(tmp_path / "t", "r+b") as target:
        target.write(b"abcd")
        target.failure = OSError(28, "full")
        target.seek(2)
        assert target.write(b"CDEF") == 4
        target.seek(3)
        target.write(b"d")
        target.seek(1)
        room = bytearray(4)
        assert target.readinto(room) == 4
        assert room == b"bCdE"
        with pytest.raises(OSError, match="full"):
            target.check()
    assert (tmp_path / "t").read_bytes() == b"abcd"


class Interrupted(io.FileIO):
    """A file in whose third write the user interrupts."""

    writes = 0

    def write(self, values, /):
        Interrupted.writes += 1
        if Interrupted.writes == 3:
            raise KeyboardInterrupt
        return super().write(values)


def test_an_interrupt_while_hdf5_writes_ends_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "Target", type("Target", (Target, Interrupted), {}))
    with pytest.raises(KeyboardInterrupt):
        append(tmp_path / "m.nc", layers())
    assert Interrupted.writes == 3
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_images(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    side = 64

    def peak(n_images):
        ids = [f"image_{index}" for index in range(n_images)]
        batches = (([image_id], torch.rand(1, 3, side, side)) for image_id in ids)
        classes = dict.fromkeys(ids, (0, 1))
        methods = resolve(["sobel", "input_x_gradient", "gradcam"])
        parts = engine.attribute_parts(net, batches, classes, {"conv": "0"}, methods, settings=Settings(batch_size=1))
        path = tmp_path / f"{n_images}.nc"
        tracemalloc.start()
        with closing(parts), map_writer(path, ids) as writer:
            for part in parts:
                writer.append(part.datasets(["top1", "top2"]))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most, path.stat().st_size

    peak(2)  # what is imported and cached once
    (few, small), (many, large) = peak(10), peak(40)
    assert large > 3.5 * small
    assert many - few < 30 * 4000  # the maps of an image are 94 kB
