import subprocess
import sys

import pytest

from case_saliency.attribution import registry
from case_saliency.errors import CaseSaliencyError


def test_imports_no_torch():
    code = (
        "import sys; from case_saliency.attribution import registry; "
        "registry.resolve(list(registry.ENTRIES)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_variant_keeps_defaults_and_overrides():
    (method,) = registry.resolve([{"name": "mine", "method": "case_unpooled", "source": "confusion"}])
    assert method.parameters == {
        "source": "confusion",
        "k": 3,
        "compared": "any",
        "candidates": 20,
        "pooled": False,
        "eps": 1e-30,
        "relu": True,
    }
    assert (method.name, method.base, method.family, method.requires) == (
        "mine", "case_unpooled", "gradient", frozenset({"confusion"}),
    )  # fmt: skip


def test_modules_of_methods():
    methods = registry.resolve(["case", "gradcam", "hirescam"])
    assert registry.modules(methods) == ["case_saliency.attribution.case", "case_saliency.attribution.gradient"]


def test_users_function(tmp_path, monkeypatch):
    (tmp_path / "users_mean.py").write_text("def mean(view, *, power: int = 2):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    (method,) = registry.resolve([{"name": "mean", "method": "users_mean:mean", "power": 3}])
    assert (method.target, method.family, method.space) == ("users_mean:mean", "gradient", "layer")
    assert method.parameters == {"power": 3}
    (pixel,) = registry.resolve([{"name": "mean", "method": "users_mean:mean", "family": "pixel"}])
    assert pixel.space == "input"


def test_users_function_without_a_literal_default(tmp_path, monkeypatch):
    (tmp_path / "unclear.py").write_text("def mean(view, *, power):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CaseSaliencyError, match="parameter 'power' has no literal default"):
        registry.resolve([{"name": "mean", "method": "unclear:mean"}])


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        (["gradcan"], "unknown method 'gradcan'; did you mean 'gradcam'"),
        ([{"k": 3}], "names no method"),
        (["case", "case"], "'case' is used 2 times"),
        ([{"name": "My-CASE", "method": "case"}], "'My-CASE' is not lower-case"),
        ([{"name": "c", "method": "case", "sauce": "logits"}], "unknown parameter 'sauce'; did you mean 'source'"),
        ([{"name": "c", "method": "case", "source": "logit"}], "source is 'logit'; did you mean 'logits'"),
        ([{"name": "c", "method": "case", "k": 0}], "k is 0, an integer >= 1 expected"),
        ([{"name": "c", "method": "case", "k": 2.5}], "k is 2.5, an integer >= 1 expected"),
        ([{"name": "c", "method": "case", "k": True}], "k is True"),
        ([{"name": "c", "method": "case", "pooled": 1}], "pooled is 1, bool expected"),
        ([{"name": "c", "method": "case", "eps": float("nan")}], "eps is nan, a finite number"),
        ([{"name": "c", "method": "case", "family": "pixel"}], "`family` is only for module:function"),
        ([{"name": "c", "method": "no_such_module:f"}], "no Python module 'no_such_module'"),
        ([{"name": "c", "method": "case_saliency.attribution.case:cose"}], "defines no function 'cose'"),
        ([{"name": "c", "method": "case_saliency.attribution.case:case", "family": "gradents"}], "did you mean 'grad"),
        ([{"name": "s", "method": "sobel", "k": 1}], "unknown parameter 'k'; it takes no parameters"),
    ],
)
def test_errors_name_value_and_remedy(variants, message):
    with pytest.raises(CaseSaliencyError, match=message):
        registry.resolve(variants)
