import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from case_saliency.report.content import Experiment, Photograph, ReportFigure, Source
from case_saliency.report.thumbnails import jpeg


@pytest.fixture(scope="session")
def synthetic() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "figures" / "synthetic.py")))


@pytest.fixture
def experiment(synthetic, tmp_path) -> Experiment:
    agreement = synthetic.agreement_table(synthetic.agreement_scores())
    attrition = pd.DataFrame({"method": ["case", "case"], "reason": ["kept", "misclassified"], "n": [18, 2]})
    picture = tmp_path / "figure.png"
    Image.new("RGB", (4, 4), "white").save(picture)
    figures = [ReportFigure(f"Title {n}", picture, f"Caption {n}.", f"record{n}") for n in (1, 2)]
    photographs = [
        Photograph(f"image_{n}", jpeg(np.zeros((8, 8, 3), np.uint8)), "tabby", ("a: cat",)) for n in range(3)
    ]
    return Experiment(
        "imagenet-sample", "20 photographs", agreement, synthetic.fidelity_table(), attrition, figures,
        photographs=photographs, sources=[Source("the archive", 3, ["its terms"])], ranks=synthetic.ranks_table(),
        pooled=synthetic.pooled_table(),
    )  # fmt: skip
