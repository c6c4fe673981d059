import pytest
import torch

from case_saliency.attribution.comparisons import problems
from case_saliency.attribution.registry import resolve
from case_saliency.errors import CaseSaliencyError


@pytest.mark.parametrize("n_compared", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "variant", ["case", "case_heldout", "difference_gradcam", "contrastive_gradcam", "finercam", "gradcam"]
)
def test_what_is_foretold_is_what_happens(run, conv_net, photos, variant, n_compared):
    """The network has 7 classes; contrast sets have 3 members."""
    classes = [list(range(n_compared))] * len(photos)
    told = list(problems(resolve([variant]), n_compared, 7))
    if told:
        with pytest.raises(CaseSaliencyError):
            run(conv_net, photos, classes, [variant], "relu2")
    else:
        found = run(conv_net, photos, classes, [variant], "relu2")
        assert found.maps["layer"][variant].shape[:2] == (len(photos), n_compared)
    refused = {
        "case_heldout": n_compared > 4,
        "difference_gradcam": n_compared > 2,
        "contrastive_gradcam": n_compared > 2,
    }
    assert bool(told) == refused.get(variant, False)


def test_more_classes_than_there_are():
    assert list(problems(resolve(["gradcam"]), 8, 7)) == [
        "8 classes are to be compared, and there are 7; compare at most 7"
    ]


def test_no_compared_class_is_in_a_held_out_contrast_set(run, conv_net, photos):
    classes = [[0, 1, 2, 3]] * len(photos)
    found = run(conv_net, photos, classes, ["case_heldout"], "relu2")
    members = torch.from_numpy(found.extras["layer"]["case_heldout"]["contrast_classes"])
    assert members.shape == (len(photos), 4, 3)
    assert set(members.flatten().tolist()) == {4, 5, 6}
