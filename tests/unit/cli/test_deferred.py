"""What stages compute with is imported without the compiler, which is there as soon as somebody asks for it."""

import subprocess
import sys

BEGIN = """
import sys
from case_saliency.cli.deferred import BINDINGS, COMPILER, FORTRAN, import_lean

import_lean()
import torch
import torchvision
"""

COMPILING = """
from torchvision.ops import roi_align

assert not set(COMPILER) & set(sys.modules), "imported with torchvision"
pooled = roi_align(torch.ones(1, 1, 4, 4), torch.tensor([[0, 0.0, 0, 4, 4]]), 2)
assert torch.equal(pooled, torch.ones(1, 1, 2, 2)), "torchvision's own function works"
asked = torchvision.ops.roi_align.__globals__["is_compile_supported"]("cpu")
import torch._dynamo.utils

assert asked == torch._dynamo.utils.is_compile_supported("cpu"), "the stand-in answers as the real one"
assert torch._dynamo.utils.__file__, "the real module is there for whoever imports it"
"""

ONE_STAGE = """
from case_saliency.models import small
from case_saliency.models.devices import exactly

with exactly(deterministic=True):
    for name in ("resnet_small", "vgg_small", "densenet_small", "convnext_small"):
        small.build(name, 10)(torch.zeros(1, 3, 32, 32)).sum().backward()
assert "torch._dynamo" not in sys.modules, "a network was built, and passed through, without the compiler"
"""

TRAINING = """
from torch.optim import SGD, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR


def train(make, schedule, steps=3):
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    optimiser = make(layer.parameters())
    rates = schedule(optimiser)
    for _ in range(steps):
        optimiser.zero_grad()
        layer(torch.ones(4, 3)).square().sum().backward()
        optimiser.step()
        rates.step()
    optimiser.load_state_dict(optimiser.state_dict())
    return torch.cat([values.detach().flatten() for values in layer.parameters()])


ways = [
    (make, schedule)
    for make in (lambda values: SGD(values, 0.1, momentum=0.9, nesterov=True), lambda values: AdamW(values, 0.1))
    for schedule in (lambda o: OneCycleLR(o, 0.1, 10, cycle_momentum=False), lambda o: CosineAnnealingLR(o, 10))
]
found = [train(*way) for way in ways]
assert not set(COMPILER) & set(sys.modules), "networks were trained without the compiler"
import torch._dynamo

broken, disabled = [], []
torch._dynamo.graph_break = lambda: broken.append(1)
disable = torch._dynamo.disable
torch._dynamo.disable = lambda *told, **more: disabled.append(1) or disable(*told, **more)
for way, one in zip(ways, found):
    assert torch.equal(train(*way), one), "with the compiler there the same numbers"
assert len(broken) == 2 * 3 * len(ways) and disabled, "and it is told what it was told before"
"""

REST = """
import numpy
from scipy import linalg, stats

assert FORTRAN not in sys.modules, "scipy comes without the compiler for Fortran"
from numpy import f2py

assert numpy.f2py is f2py and callable(f2py.run_main), "which is there when asked for"
assert BINDINGS not in sys.modules, "torch comes without the bindings"
try:
    import cuda.bindings
except ModuleNotFoundError:  # not installed, as on a machine without the wheels for a GPU
    pass
else:
    assert cuda.bindings.__file__ or cuda.bindings.__path__
"""

COLLECTED = """
import gc

assert gc.isenabled() and gc.get_freeze_count() > 100_000, "libraries are kept, garbage is looked for"
gc.disable()
import pandas

assert not gc.isenabled(), "as its caller wants it"
"""


def run(script):
    subprocess.run([sys.executable, "-c", BEGIN + script], check=True)


def test_torchvision_comes_without_the_compiler_which_is_there_when_asked_for():
    run(COMPILING)


def test_stages_do_not_ask_for_the_compiler():
    run(ONE_STAGE)


def test_training_does_not_ask_for_the_compiler_which_is_told_everything_once_it_is_there():
    run(TRAINING)


def test_fortran_and_bindings_come_when_asked_for():
    run(REST)


def test_garbage_is_looked_for_again_after_an_import():
    run(COLLECTED)
