import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session")
def synthetic() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("synthetic.py"))))


@pytest.fixture
def scores(synthetic):
    return synthetic.agreement_scores()


@pytest.fixture
def table(synthetic, scores):
    return synthetic.agreement_table(scores)
