"""The order in which weights are replaced, and what replaces them, on networks small enough to read."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from case_saliency.errors import CaseSaliencyError
from case_saliency.models import cascade


class Branching(nn.Module):
    """Registered out of order; `shared` runs first and last but one, `spare` never; `scale` is the network's own."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(2, 3)
        self.right = nn.Conv2d(2, 2, 1)
        self.left = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
        self.shared = nn.Conv2d(2, 2, 1)
        self.stem = nn.Conv2d(3, 2, 1)
        self.spare = nn.Linear(2, 1)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        x = self.shared(self.stem(x) * self.scale)
        x = self.left(x) + self.right(x)
        return self.head(self.shared(x).mean((-2, -1)))


IMAGE = torch.zeros(1, 3, 4, 4)


def seeds(path: str) -> int:
    return sum(path.encode())


def test_units_come_in_the_order_of_their_last_run_whatever_the_order_of_their_names():
    # What never runs stands behind the module around it, here the network, which begins first of all.
    order = ["head", "shared", "right", "left.1", "left.0", "stem", "spare", ""]
    assert cascade.order(Branching().eval(), IMAGE) == order


def test_a_projection_that_attention_uses_without_calling_it_stands_where_attention_runs():
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 1, batch_first=True)
            self.embed = nn.Linear(3, 4)
            self.head = nn.Linear(4, 2)

        def forward(self, x):
            x = self.embed(x.flatten(2).transpose(1, 2))
            return self.head(self.attention(x, x, x)[0].mean(1))

    order = ["head", "attention.out_proj", "attention", "embed"]
    assert cascade.order(Attending().eval(), IMAGE) == order


def test_a_network_without_parameters_is_refused():
    with pytest.raises(CaseSaliencyError, match="no parameters to replace"):
        cascade.order(nn.Flatten(), IMAGE)


def test_no_hook_stays_behind():
    net = Branching().eval()
    cascade.order(net, IMAGE)
    assert all(not part._forward_pre_hooks for part in net.modules())


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (1, [["a"], ["b", "c", "d", "e"]]),
        (3, [["a"], ["b", "c"], ["d"], ["e"]]),
        (9, [["a"], ["b"], ["c"], ["d"], ["e"]]),
    ],
)
def test_groups_are_the_classifier_and_equal_parts_of_the_rest(steps, expected):
    assert cascade.groups("abcde", steps) == expected


def test_a_single_unit_is_the_whole_cascade():
    assert cascade.groups(["a"], 4) == [["a"]]


def test_shares_count_shared_weights_once():
    net = nn.Sequential(OrderedDict(a=nn.Linear(2, 2, bias=False), b=nn.Linear(2, 2), c=nn.Linear(2, 1)))
    net.b.weight = net.a.weight
    assert cascade.shares(net, [["c"], ["b"], ["a"]]) == pytest.approx([3 / 9, 1, 1])


def test_permutation_moves_every_tensor_s_entries_and_the_batch_statistics():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    for value in (*net[1].parameters(), net[1].running_mean, net[1].running_var):
        value.data = torch.rand(8)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    cascade.randomise(net, ["0", "1"], "permute", seeds)
    after = net.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name in before if name != "1.num_batches_tracked"}
    for name in moved:
        assert torch.equal(before[name].flatten().sort().values, after[name].flatten().sort().values)


def test_reinitialisation_is_pytorchs_own_under_the_unit_s_seed():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net[1].running_var.fill_(9)
    untouched = net[2].weight.clone()
    state = torch.random.get_rng_state()
    cascade.randomise(net, ["0", "1"], "reinitialise", seeds)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(seeds("0"))
    expected = nn.Linear(3, 4)
    torch.random.set_rng_state(state)
    assert torch.equal(net[0].weight, expected.weight)
    assert torch.equal(net[0].bias, expected.bias)
    assert net[1].running_var.tolist() == [1, 1, 1, 1]
    assert torch.equal(net[2].weight, untouched)


def test_a_unit_that_cannot_initialise_itself_is_permuted():
    net = Branching()
    net.scale.data = torch.arange(50.0)
    cascade.randomise(net, [""], "reinitialise", seeds)
    assert net.scale.tolist() != list(range(50))
    assert sorted(net.scale.tolist()) == list(range(50))


def test_one_seed_gives_one_network_another_seed_another():
    def weight(seed):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(9, 9))
        cascade.randomise(net, ["0"], "permute", lambda _: seed)
        return net[0].weight

    assert torch.equal(weight(1), weight(1))
    assert not torch.equal(weight(1), weight(2))


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="how is 'zero'"):
        cascade.randomise(nn.Sequential(nn.Linear(2, 2)), ["0"], "zero", seeds)
