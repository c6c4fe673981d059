import pytest

from case_saliency.models import accelerators


@pytest.fixture
def pc(monkeypatch):
    monkeypatch.setattr(accelerators.platform, "system", lambda: "Linux")


def node(root, number, simd_count):
    folder = root / f"sys/class/kfd/kfd/topology/nodes/{number}"
    folder.mkdir(parents=True)
    (folder / "properties").write_text(f"cpu_cores_count 16\nsimd_count {simd_count}\nvendor_id 4098\n")


def test_auto_takes_a_gpu_where_a_driver_shows_one(pc, tmp_path):
    assert not accelerators.wanted("auto", tmp_path, {})
    node(tmp_path, 0, 0)  # the processor
    assert not accelerators.wanted("auto", tmp_path, {})
    node(tmp_path, 1, 304)
    assert accelerators.wanted("auto", tmp_path, {})


def test_auto_takes_none_that_is_hidden(pc, tmp_path):
    (tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0").mkdir(parents=True)
    assert accelerators.wanted("auto", tmp_path, {"CUDA_VISIBLE_DEVICES": "0"})
    assert not accelerators.wanted("auto", tmp_path, {"CUDA_VISIBLE_DEVICES": ""})
    assert not accelerators.wanted("cpu", tmp_path, {})


def test_auto_takes_the_gpu_of_an_apple_chip(monkeypatch, tmp_path):
    monkeypatch.setattr(accelerators.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(accelerators.platform, "machine", lambda: "arm64")
    assert accelerators.wanted("auto", tmp_path, {})
