from case_saliency.report.size import MOST, advice


def test_a_page_may_have_25_megabytes_and_more_comes_with_a_remedy() -> None:
    assert MOST == 25
    assert advice("x" * 25_000_000) == ""
    told = advice("x" * 25_100_000)
    assert told.startswith("the report has 25.1 MB, which is above 25 MB")
    assert "figures.example_images" in told
    assert "run" in told
