"""Networks: published and own weights, descriptions, unfinished trainings, exported programs. No pickle runs code."""

import io
import json
import os
import pickle
import zipfile

import pytest
import safetensors.torch
import torch
from hostile import altered, damaged, few
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from case_saliency import storage
from case_saliency.datasets.images import Transform
from case_saliency.models import networks, pretrained
from case_saliency.models.spec import LocalFile, ModelSpec
from case_saliency.models.training_state import TrainingState

TENSORS = {"weight": torch.ones(2, 3), "bias": torch.zeros(2)}
SPEC = ModelSpec(
    name="mine",
    architecture="mine",
    builder="torch.nn:Identity",
    weights=LocalFile(""),
    target_layers={},
    default_layer="",
    transform=Transform(8, 8, "bilinear", (0, 0, 0), (1, 1, 1)),
    licence="",
    label_space="digits",
    n_classes=10,
)


def _saved(content, **options):
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


class Bomb:
    """Runs a function when it is unpickled: here, one that makes a folder."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@st.composite
def bombs(draw):
    """A checkpoint that calls a function, bare or within a true file, in each format of torch.save."""
    function, argument = draw(
        st.sampled_from([(os.mkdir, "pwned"), (os.system, "mkdir pwned"), (exec, "open('pwned','w')")])
    )
    bomb = Bomb(function, argument)
    content = draw(
        st.sampled_from([bomb, {"weight": bomb}, [TENSORS, bomb], {bomb.call[0].__name__: TENSORS, "x": bomb}])
    )
    kind = draw(st.sampled_from(["zip", "legacy", "pickle"]))
    return pickle.dumps(content) if kind == "pickle" else _saved(content, _use_new_zipfile_serialization=kind == "zip")


PLAIN = st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.booleans()
CONTENTS = st.recursive(
    PLAIN
    | st.sampled_from([torch.ones(2, 3), torch.zeros(2), torch.ones(2, 3).to_sparse(), torch.ones(2, device="meta")]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.sets(st.integers(), max_size=2)
        | st.dictionaries(
            st.sampled_from(["weight", "bias", "epoch", "state_dict", "x" * 500]) | PLAIN, inner, max_size=3
        )
    ),
    max_leaves=6,
)
"""What people save: a state beside an epoch, lists, numbers, tensors of any kind."""


@st.composite
def compressed(draw):
    """A checkpoint whose entries are deflated, one of them with zeros at its end that take no place."""
    with zipfile.ZipFile(io.BytesIO(CHECKPOINTS[0])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[draw(st.sampled_from(sorted(members)))] += bytes(draw(st.sampled_from([0, 1, 10_000_000])))
    return _packed(members, zipfile.ZIP_DEFLATED)


CHECKPOINTS = [_saved(TENSORS), _saved(TENSORS, _use_new_zipfile_serialization=False)]


@pytest.mark.reader("weights, .pt and .pth")
@few
@given(
    content=st.sampled_from(CHECKPOINTS).flatmap(damaged)
    | bombs()
    | CONTENTS.map(_saved)
    | compressed()
    | st.binary(max_size=50)
)
def test_checkpoints(content, file, tally, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tally.says = "w.pth"
    tally.read(lambda: _published(file("w.pth", content), tmp_path))
    assert {path.name for path in tmp_path.iterdir()} <= {"w.pth"}, "the checkpoint ran code"


def _published(path, folder):
    spec = ModelSpec(**{**vars(SPEC), "weights": LocalFile(str(path))})
    found = pretrained.read(spec, folder)
    pretrained.fill(nn.Linear(3, 2), found.tensors, found.source, "check it")
    return found


@pytest.mark.reader("weights, .safetensors")
@few
@given(content=damaged(safetensors.torch.save(TENSORS)))
def test_safetensors(content, file, tally, tmp_path):
    tally.says = "w.safetensors"
    tally.read(lambda: _published(file("w.safetensors", content), tmp_path))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Weights of a small network of the zoo, and the content of its description."""
    from case_saliency.models import building, zoo

    folder = tmp_path_factory.mktemp("network")
    spec = zoo.find("vgg_small")
    storage.write_tensors(building.seeded(spec, 10).state_dict(), folder / "weights.safetensors")
    weights = {"sha256": storage.sha256(folder / "weights.safetensors"), "source": "test"}
    described = networks.describe(spec, "digits", 0, "digits", 10, spec.transform, weights)
    return folder / "weights.safetensors", {"schema_version": storage.SCHEMA_VERSION, **described}


@pytest.mark.reader("descriptions of networks")
@few
@given(data=st.data())
def test_descriptions(data, network, file, tally):
    weights, described = network
    path = file("model.json", json.dumps(data.draw(altered(described))).encode())
    found = tally.read(lambda: networks.load(weights, path))
    assert found is None or isinstance(found.module, nn.Module)


@pytest.mark.reader("unfinished trainings")
@few
@given(data=st.data())
def test_unfinished_trainings(data, file, tally, tmp_path):
    def state():
        network = nn.Linear(3, 2)
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        return TrainingState(network, optimiser, torch.optim.lr_scheduler.StepLR(optimiser, 1))

    true, found = state(), state()
    true.save(tmp_path / "true.safetensors", "print")
    path = file("checkpoint.safetensors", data.draw(damaged((tmp_path / "true.safetensors").read_bytes())))
    if tally.read(lambda: found.restore(path, "print")):
        assert_same(found.network, true.network)
        assert (found.history, found.best_epoch) == (true.history, true.best_epoch)


def assert_same(one, other):
    for name, value in other.state_dict().items():
        assert torch.equal(one.state_dict()[name], value), "a damaged state was taken up"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """An exported program, as bytes."""
    path = tmp_path_factory.mktemp("program") / "net.pt2"
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    torch.export.save(torch.export.export(network, (torch.zeros(1, 3, 8, 8),)), path)
    return path.read_bytes()


def _packed(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.reader("exported programs")
@pytest.mark.filterwarnings("ignore")
@few
@given(data=st.data())
def test_exported_programs(data, program, file, tally, tmp_path, monkeypatch):
    from case_saliency.diagnosis import exported

    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(io.BytesIO(program)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(members)))
    inside = st.builds(lambda body: _packed(members | {name: body}), damaged(members[name]) | bombs())
    tally.says = "net.pt2"
    tally.read(lambda: exported.load(file("net.pt2", data.draw(damaged(program) | inside))))
    assert {path.name for path in tmp_path.iterdir()} <= {"net.pt2"}, "the program ran code"
