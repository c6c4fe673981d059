import json
import logging

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from case_saliency.attribution import capture as capture_module
from case_saliency.attribution import engine, result
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.registry import ENTRIES, resolve
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.maps import write_maps

CLASSES = [[0, 1], [3, 2], [6, 5], [4, 0]]
CHEAP = [name for name, entry in ENTRIES.items() if entry.family in {"gradient", "control"}]
# Occlusion's default window is larger than these images; guided backprop is in test_pixel.
SMALL_WINDOW = {"name": "occlusion", "method": "occlusion", "window": 4, "stride": 2}
ALL = [*CHEAP, "ablationcam", "scorecam", "integrated_gradients", "smoothgrad", "input_x_gradient", SMALL_WINDOW]


def assert_same_maps(found, expected, atol=1e-6):
    assert {layer: list(maps) for layer, maps in found.maps.items()} == {
        layer: list(maps) for layer, maps in expected.maps.items()
    }
    for layer, maps in expected.maps.items():
        for name, values in maps.items():
            scale = max(np.abs(values).max(), 1e-12)
            np.testing.assert_allclose(found.maps[layer][name] / scale, values / scale, atol=atol, err_msg=name)


def test_batch_equals_one_by_one(run, conv_net, photos):
    whole = run(conv_net, photos, CLASSES, ALL, "conv")
    single = run(conv_net, photos, CLASSES, ALL, "conv", settings=Settings(batch_size=1))
    assert_same_maps(single, whole, atol=1e-5)


def test_class_order_does_not_matter(run, conv_net, photos):
    one = run(conv_net, photos, CLASSES, ALL, "conv")
    other = run(conv_net, photos, [c[::-1] for c in CLASSES], ALL, "conv")
    for layer, maps in one.maps.items():
        for name, values in maps.items():
            np.testing.assert_allclose(other.maps[layer][name][:, ::-1], values, atol=1e-6, err_msg=name)


def test_two_runs_are_equal_to_the_last_bit(run, conv_net, photos):
    one, other = (run(conv_net, photos, CLASSES, ALL, "conv") for _ in range(2))
    for layer, maps in one.maps.items():
        for name, values in maps.items():
            np.testing.assert_array_equal(other.maps[layer][name], values, err_msg=name)


def test_images_are_not_changed(run, conv_net, photos):
    before = photos.clone()
    run(conv_net, photos, CLASSES, ALL, "conv")
    assert torch.equal(photos, before)


def test_wrapped_training_channels_last_model_draws_the_same(run, conv_net, photos):
    expected = run(conv_net, photos, CLASSES, ALL, "conv")
    found = run(
        nn.DataParallel(conv_net.train().requires_grad_(False)),
        photos.to(memory_format=torch.channels_last),
        CLASSES,
        ALL,
        "conv",
    )
    assert_same_maps(found, expected, atol=1e-5)
    assert conv_net.training
    assert not any(parameter.requires_grad for parameter in conv_net.parameters())


def test_methods_do_not_disturb_each_other(run, conv_net, photos):
    together = run(conv_net, photos, CLASSES, CHEAP, "conv")
    for name in CHEAP:
        alone = run(conv_net, photos, CLASSES, [name], "conv")
        for layer, maps in alone.maps.items():
            np.testing.assert_array_equal(maps[name], together.maps[layer][name], err_msg=name)


def test_one_forward_pass_for_all_methods_and_classes(run, conv_net, photos):
    calls = []
    conv_net.stem.register_forward_hook(lambda *_: calls.append(1))
    run(conv_net, photos, CLASSES, CHEAP, "conv")
    assert len(calls) == 1


def test_batches_of_a_stream_are_read_one_at_a_time(conv_net, photos):
    released = []

    def stream():
        for i in range(4):
            released.append(i)
            yield [f"image{i}"], photos[i : i + 1]

    classes = {f"image{i}": row for i, row in enumerate(CLASSES)}
    found = engine.attribute(conv_net, stream(), classes, {"layer": "conv"}, resolve(["gradcam"]))
    assert found.image_ids == ("image0", "image1", "image2", "image3")
    assert found.classes.tolist() == CLASSES


def test_attributes_record_how_a_map_was_made(run, conv_net, photos):
    found = run(conv_net, photos, CLASSES, [{"name": "five", "method": "case", "k": 5}], "conv")
    facts = found.attributes["layer"]["five"]
    assert facts["parameters"] == {
        "source": "logits",
        "k": 5,
        "compared": "any",
        "candidates": 20,
        "pooled": True,
        "eps": 1e-30,
        "relu": True,
    }
    assert (facts["base"], facts["family"], facts["layer_path"]) == ("case", "gradient", "conv")
    assert facts["settings"]["precision"] == "float32"
    assert json.loads(json.dumps(facts)) == facts


def test_maps_survive_the_map_file(run, conv_net, photos, tmp_path):
    found = run(conv_net, photos, CLASSES, ["case", "sobel"], "conv")
    write_maps(found.datasets(["top1", "top2"]), tmp_path / "maps.nc")
    with xr.open_datatree(tmp_path / "maps.nc", engine="h5netcdf") as layers:
        case = layers["layer"].to_dataset()["case"]
        np.testing.assert_array_equal(case.values, found.maps["layer"]["case"])
        assert list(case.coords["target"].values) == ["top1", "top2"]
        assert case.coords["class_index"].values.tolist() == CLASSES
        assert json.loads(case.attrs["parameters"])["k"] == 3
        assert layers["input"]["sobel"].shape == (4, 2, 8, 8)


def test_coinciding_methods_are_flagged(run, photos):
    # Average pooling and a linear layer behind the target layer: g is constant over space.
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 7))
    found = run(net, photos, CLASSES, ["gradcam", "layercam", "hirescam", "case", "case_unpooled"], "0")
    same = {name: facts["coincides_with"] for name, facts in found.attributes["layer"].items()}
    assert same == {"gradcam": "", "layercam": "", "hirescam": "gradcam", "case": "", "case_unpooled": "case"}


def test_all_negative_cam_is_a_flagged_zero_map(run, linear_net, image):
    # Grad-CAM of class 1 has weights (0, 3); with channel 1 all negative nothing is left after the ReLU.
    found = run(linear_net, -image.abs(), [[1, 0]], ["gradcam"], "features")
    assert found.flags["layer"]["gradcam"].tolist() == [["zero", "zero"]]
    assert not found.maps["layer"]["gradcam"].any()
    assert found.attributes["layer"]["gradcam"]["n_zero"] == 2


def test_maps_of_one_cell(run, photos):
    net = nn.Sequential(nn.Conv2d(3, 5, 8), nn.Flatten(), nn.Linear(5, 7))
    found = run(net, photos, CLASSES, CHEAP, "0")
    assert all(maps.shape == (4, 2, 1, 1) for maps in found.maps["layer"].values())
    assert set(found.flags["layer"]["gradcam"].ravel()) <= {"zero", "constant"}


def test_one_class_model(run, photos):
    net = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(180, 1))
    assert run(net, photos, [[0]] * 4, ["gradcam"], "0").maps["layer"]["gradcam"].shape == (4, 1, 6, 6)
    with pytest.raises(CaseSaliencyError, match="k is 3, but only 0 other classes are left"):
        run(net, photos, [[0]] * 4, ["case"], "0")


@pytest.mark.parametrize("index", [-1, 7])
def test_class_out_of_range(run, conv_net, photos, index):
    with pytest.raises(
        CaseSaliencyError, match=rf"image image2: class {index} is out of range, the model has 7 classes"
    ):
        run(conv_net, photos, [[0], [1], [index], [2]], ["gradcam"], "conv")


def test_logits_that_are_not_finite_name_the_image(run, conv_net, photos):
    photos[1, 0, 0, 0] = torch.nan
    with pytest.raises(CaseSaliencyError, match="image image1: its logits are not finite"):
        run(conv_net, photos, CLASSES, ["gradcam"], "conv")


def test_no_images(conv_net):
    with pytest.raises(CaseSaliencyError, match="no images were given"):
        engine.attribute(conv_net, [], {}, {"layer": "conv"}, resolve(["gradcam"]))


def test_layer_may_not_be_called_input(conv_net, photos):
    with pytest.raises(CaseSaliencyError, match="rename the layer"):
        engine.attribute(conv_net, [], {}, {"input": "conv"}, resolve(["gradcam"]))


def test_users_method_with_a_wrong_result(run, conv_net, photos, tmp_path, monkeypatch):
    (tmp_path / "wrong_method.py").write_text("def flat(view):\n    return view.activations\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CaseSaliencyError, match=r"method flat: it returned \(4, 8, 8, 8\), a tensor of shape \(4, cl"):
        run(conv_net, photos, CLASSES, [{"name": "flat", "method": "wrong_method:flat"}], "conv")


def test_users_method(run, conv_net, photos, tmp_path, monkeypatch):
    (tmp_path / "right_method.py").write_text(
        "def product(view, *, power: int = 1):\n"
        "    return view.gradients(view.classes).mul(view.activations[:, None]).sum(2) ** power\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    mine = {"name": "mine", "method": "right_method:product"}
    found = run(conv_net, photos, CLASSES, [mine, {"name": "theirs", "method": "hirescam", "relu": False}], "conv")
    np.testing.assert_allclose(found.maps["layer"]["mine"], found.maps["layer"]["theirs"], atol=1e-6)


def test_out_of_memory_halves_the_batch(conv_net, photos, run, monkeypatch, caplog):
    expected = run(conv_net, photos, CLASSES, CHEAP, "conv")
    sizes = []

    def small(module, images, layers, **keywords):
        sizes.append(len(images))
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return capture_module.capture(module, images, layers, **keywords)

    monkeypatch.setattr(engine, "capture", small)
    with caplog.at_level(logging.WARNING):
        found = run(conv_net, photos, CLASSES, CHEAP, "conv", settings=Settings(batch_size=4))
    assert sizes == [4, 2, 2]
    assert found.messages == ("out of memory: going on with batches of 2",)
    assert caplog.messages == list(found.messages)
    assert_same_maps(found, expected, atol=1e-5)


def test_out_of_memory_with_one_image(conv_net, photos, run, monkeypatch):
    def never(*_arguments, **_keywords):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine, "capture", never)
    with pytest.raises(CaseSaliencyError, match="image image0: it does not fit"):
        run(conv_net, photos, CLASSES, ["gradcam"], "conv")


def test_mixed_precision_is_close_and_recorded(run, conv_net, photos):
    exact = run(conv_net, photos, CLASSES, ["gradcam"], "conv")
    mixed = run(conv_net, photos, CLASSES, ["gradcam"], "conv", settings=Settings("bfloat16", batch_size=4))
    assert_same_maps(mixed, exact, atol=0.05)
    assert (mixed.maps["layer"]["gradcam"] != exact.maps["layer"]["gradcam"]).any()
    assert mixed.attributes["layer"]["gradcam"]["settings"]["precision"] == "bfloat16"


def test_mixed_precision_of_every_method(run, conv_net, photos):
    exact = run(conv_net, photos, CLASSES, ALL, "conv")
    mixed = run(conv_net, photos, CLASSES, ALL, "conv", settings=Settings("bfloat16", batch_size=4))
    for layer, maps in exact.maps.items():
        for name, values in maps.items():
            found = mixed.maps[layer][name]
            assert np.isfinite(found).all(), name
            if name not in {"xgradcam", "ablationcam", "case_span"}:  # divide by, or remove, nearly everything
                assert np.corrcoef(found.ravel(), values.ravel())[0, 1] > 0.9, name


def test_global_settings_are_restored(run, conv_net, photos):
    state = torch.random.get_rng_state()
    run(conv_net, photos, CLASSES, ALL, "conv")
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.random.get_rng_state(), state)


METHODS = ["gradcam", "hirescam", "case", "sobel", SMALL_WINDOW]
TWO = Settings(batch_size=2)


def in_parts(net, photos, methods=METHODS, settings=TWO):
    ids = [f"image{i}" for i in range(len(photos))]
    batches = [(ids[:3], photos[:3]), (ids[3:], photos[3:])]
    classes = dict(zip(ids, CLASSES, strict=True))
    return engine.attribute_parts(net, batches, classes, {"layer": "conv"}, resolve(methods), settings=settings)


def test_parts_are_drawn_as_they_are_explained_and_are_the_whole(run, conv_net, photos):
    parts = list(in_parts(conv_net, photos))
    assert [part.image_ids for part in parts] == [("image0", "image1"), ("image2",), ("image3",)]
    whole = run(conv_net, photos, CLASSES, METHODS, "conv", settings=TWO)
    assert_same_maps(result.join(parts), whole, atol=1e-5)
    for layer, methods in whole.flags.items():
        for name, flags in methods.items():
            np.testing.assert_array_equal(np.concatenate([part.flags[layer][name] for part in parts]), flags)
    joined = result.join(parts)
    assert joined.extras["layer"]["case"].keys() == whole.extras["layer"]["case"].keys()
    assert joined.classes.tolist() == CLASSES
    assert joined.attributes == whole.attributes == parts[-1].attributes


def test_facts_of_a_part_are_of_all_images_so_far(linear_net, image):
    # Both maps of the images that are all negative are empty, as above.
    images = torch.cat([image, -image.abs(), image, -image.abs()])
    batches = [([str(i)], images[i : i + 1]) for i in range(4)]
    classes = {str(i): [1, 0] for i in range(4)}
    parts = engine.attribute_parts(linear_net, batches, classes, {"layer": "features"}, resolve(["gradcam"]))
    found = [part.attributes["layer"]["gradcam"]["n_zero"] for part in parts]
    assert found[1] - found[0] == found[3] - found[2] == 2


def test_the_model_is_as_it_was_once_parts_are_drawn_or_closed(conv_net, photos):
    conv_net.train()
    parts = in_parts(conv_net, photos)
    next(parts)
    assert not conv_net.training
    parts.close()
    assert conv_net.training
    list(in_parts(conv_net, photos))
    assert conv_net.training


def test_parts_share_the_fitting_batch_and_tell_each_message_once(conv_net, photos, monkeypatch, caplog):
    measured = []
    monkeypatch.setattr(engine.devices, "fitting_batch", lambda *_, **__: measured.append(1) or 4)
    explain = engine._Job.explain

    def scarce(job, image_ids, images, rows):
        if len(images) > 1:
            raise torch.OutOfMemoryError
        return explain(job, image_ids, images, rows)

    monkeypatch.setattr(engine._Job, "explain", scarce)
    parts = list(in_parts(conv_net, photos, settings=Settings()))
    assert len(measured) == 1
    told = ["out of memory: going on with batches of 2", "out of memory: going on with batches of 1"]
    assert [record.getMessage() for record in caplog.records] == told
    assert parts[0].messages == parts[-1].messages == tuple(told)


def test_parts_of_no_images(conv_net):
    with pytest.raises(CaseSaliencyError, match="no images were given"):
        list(engine.attribute_parts(conv_net, [], {}, {"layer": "conv"}, resolve(["gradcam"])))
