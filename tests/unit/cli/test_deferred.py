"""The compiler of torch stays out of the way until somebody asks for it."""

import subprocess
import sys

SCRIPT = """
import sys
from case_saliency.cli.deferred import COMPILER, defer_compiler

defer_compiler()
import torch
import torchvision
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
import sys
from case_saliency.cli.deferred import defer_compiler

defer_compiler()
import torch
from case_saliency.models import small
from case_saliency.models.devices import exactly

with exactly(deterministic=True):
    for name in ("resnet_small", "vgg_small", "densenet_small", "convnext_small"):
        small.build(name, 10)(torch.zeros(1, 3, 32, 32)).sum().backward()
assert "torch._dynamo" not in sys.modules, "a network was built, and passed through, without the compiler"
"""


def test_torchvision_comes_without_the_compiler_which_is_there_when_asked_for():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


def test_small_networks_need_no_compiler():
    subprocess.run([sys.executable, "-c", ONE_STAGE], check=True)
