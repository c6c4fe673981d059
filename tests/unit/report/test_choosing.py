"""The gallery hides no failure, and says how many it has no room for."""

import numpy as np
import pytest

from case_saliency.report.choosing import MOST, chosen, missing, told

IMAGES = [f"image_{number:03d}" for number in range(500)]


def test_every_failure_is_chosen_beside_evenly_spaced_images_in_the_given_order() -> None:
    failing = [IMAGES[n] for n in (1, 2, 7, 499)]
    found = chosen(IMAGES[:100] + IMAGES[499:], wrong=failing[:2], empty=failing[2:])
    assert set(failing) <= set(found)
    assert found == sorted(found)
    assert len(found) == 24 + 4
    assert chosen(IMAGES[:20], wrong=(), empty=()) == IMAGES[:20]


def test_where_failures_are_many_the_page_keeps_its_size_and_wrong_predictions_come_first() -> None:
    wrong = IMAGES[1:250:5]
    found = chosen(IMAGES, wrong=wrong, empty=IMAGES)
    assert len(found) == MOST
    assert set(wrong) <= set(found)
    assert len(chosen(IMAGES, wrong=IMAGES, empty=IMAGES)) == MOST
    places = [IMAGES.index(image) for image in chosen(IMAGES, wrong=IMAGES, empty=())]
    assert max(np.diff(places)) <= 15  # those with room are spread over the whole selection


def test_it_is_said_how_many_there_are_and_whether_all_failures_are_among_them() -> None:
    assert told(IMAGES[:3], 3, IMAGES[:1], ()) == "All 3 images are here."
    assert told(IMAGES[:3], 9, IMAGES[:1], IMAGES[2:8]) == (
        "3 of 9 images are here, among them all 1 with a wrong prediction and 1 of 6 with an empty or too small map on "
        "some network."
    )


@pytest.mark.parametrize(
    ("shown", "failures", "said"),
    [
        (9, IMAGES[:8], "None of the 9 images is of this kind."),
        (3, IMAGES[:3], "None of the 9 images is of this kind."),
        (3, (), "None of the 9 images is of this kind."),
        (3, IMAGES[:8], "None of the 3 images here is of this kind; of 8 that are so on some network, 5 are not here."),
        (3, None, "None of the 3 images here is of this kind; there are 9."),
    ],
)
def test_no_image_of_a_kind_is_said_of_those_of_which_it_is_known(shown, failures, said) -> None:
    assert missing(IMAGES[:shown], 9, failures) == said
