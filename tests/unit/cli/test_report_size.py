import argparse
import logging

import pytest

from case_saliency.cli import report


@pytest.mark.parametrize(("size", "warned"), [(24_000_000, False), (26_000_000, True)])
def test_a_large_report_is_written_with_a_warning_that_names_the_remedy(
    tmp_path, monkeypatch, caplog, size, warned
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("case_saliency.report.page.render", lambda *_: "x" * size)
    arguments = argparse.Namespace(settings={"run": []}, figures=[], claims=[], page=tmp_path / "report.html")
    with caplog.at_level(logging.WARNING):
        report.run(arguments)
    assert arguments.page.stat().st_size == size
    assert ("lower figures.example_images" in caplog.text) == warned
