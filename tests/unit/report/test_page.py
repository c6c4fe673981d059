import base64
import itertools
import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from case_saliency.errors import CaseSaliencyError
from case_saliency.report.content import Background, Photograph, ReportFigure, Source
from case_saliency.report.origins import Chain, Origins, Place
from case_saliency.report.page import render
from case_saliency.report.pictures import picture

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"
BACKGROUND = Background({"compute": {"threads": 1}, "run": ["imagenet-sample"]}, {"python": "3.11.7"}, "0.1.0")
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Tags with their attributes, and whether every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture
def page(experiment) -> Page:
    return Page(render([experiment], BACKGROUND))


def test_the_page_is_well_formed_and_its_ids_are_unique(page) -> None:
    assert page.open == []
    ids = Counter(attributes["id"] for _, attributes in page.tags if "id" in attributes)
    assert set(ids.values()) == {1}
    targets = {link["href"][1:] for link in page.all("a") if link["href"].startswith("#")}
    assert targets <= set(ids)
    described = {
        attributes[name] for _, attributes in page.tags for name in attributes if "aria-" in name and "by" in name
    }
    assert described <= set(ids)


def test_nothing_is_loaded_from_anywhere(page, experiment) -> None:
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "action"):
            assert attributes.get(name, "#").startswith(("data:", "#"))
    text = render([experiment], BACKGROUND)
    assert not re.search(r"https?:|//cdn|@import|url\(", text)
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_answer_comes_before_figures_and_tables(page) -> None:
    words = ("CASE is class-sensitive on all 3", "Overview: method", "Caption 1.", "Select a column")
    order = [page.text.index(part) for part in words]
    assert order == sorted(order)
    assert "imagenet-sample: 20 photographs" in page.text


def test_figures_carry_their_caption_and_record(page, experiment) -> None:
    content = base64.b64encode(picture(experiment.figures[0].image).webp).decode()
    sources = [image["src"] for image in page.all("img")]
    assert sources.count(f"data:image/webp;base64,{content}") == 2
    for number in (1, 2):
        assert f"Figure {number}. Caption {number}. Record record{number}" in " ".join(page.text.split())


def test_every_image_has_an_alternative_text(page) -> None:
    assert len(page.all("img")) == 5
    assert all(image["alt"] for image in page.all("img"))


def test_every_table_has_a_caption_and_headings_with_scope(page) -> None:
    assert len(page.all("caption")) == len(page.all("table")) == 8
    assert all(heading.get("scope") in ("row", "col") for heading in page.all("th"))


def test_headings_skip_no_level(page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_verdicts_are_told_in_words(page, experiment) -> None:
    kinds = Counter(experiment.agreement["verdict"])
    shown = Counter(
        attributes["class"].split()[1] for _, attributes in page.tags if "verdict " in attributes.get("class", "")
    )
    assert shown == kinds


def test_downloads_are_named_and_inside_the_page(page) -> None:
    links = [link for link in page.all("a") if "download" in link]
    names = [f"imagenet-sample-{name}.csv" for name in ("agreement", "fidelity", "ranks", "pooled", "attrition")]
    assert [link["download"] for link in links] == names
    assert all(link["href"].startswith("data:text/csv") for link in links)


def test_methods_that_are_not_ranked_have_no_table_of_ranks(experiment) -> None:
    page = Page(render([replace(experiment, ranks=None)], BACKGROUND))
    assert not any("ranks" in link["download"] for link in page.all("a") if "download" in link)


def test_hostile_text_stays_text(experiment) -> None:
    figure = ReportFigure(HOSTILE, experiment.figures[0].image, HOSTILE, HOSTILE)
    photograph = Photograph(HOSTILE, b"", HOSTILE, [HOSTILE])
    changed = replace(
        experiment,
        name=HOSTILE,
        description=HOSTILE,
        agreement=experiment.agreement.replace(
            {"method": {"layercam": HOSTILE}, "model": {"efficientnet_lite0": HOSTILE}}
        ),
        attrition=experiment.attrition.assign(reason=HOSTILE),
        figures=[figure],
        photographs=[photograph],
        sources=[Source(HOSTILE, 1, [HOSTILE])],
    )
    told = Origins((Chain(HOSTILE, HOSTILE, ((HOSTILE, 2, HOSTILE),)),), (Place(1, *[HOSTILE] * 6),))
    page = Page(render([changed], Background({HOSTILE: HOSTILE}, {HOSTILE: HOSTILE}, HOSTILE, origins=told)))
    assert page.open == []
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == 2
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.text.count("alert(1)") > 10


def test_captions_and_the_chains_behind_their_figures_lead_to_each_other(experiment) -> None:
    chains = tuple(Chain(f"{number}.png", f"record{number}", (("plot", 1, f"record{number}"),)) for number in (1, 3))
    page = render([experiment], replace(BACKGROUND, origins=Origins(chains)))
    assert '<a href="#record-record1" title="Where this figure comes from"><code>record1</code></a>' in page
    assert "Record <code>record2</code>" in page  # of which no record is known
    assert '<a href="#imagenet-sample-figure-1">Figure 1 of imagenet-sample</a>' in page
    ids = {attributes["id"] for _, attributes in Page(page).tags if "id" in attributes}
    assert {"record-record1", "record-record3", "imagenet-sample-figure-1"} <= ids
    assert page.count("of imagenet-sample</a>") == 1  # no figure of the page has the other chain


def test_parameters_and_environment_are_listed(page) -> None:
    for words in ("compute.threads", "run", "python", "3.11.7", "case-saliency 0.1.0"):
        assert words in page.text


def test_several_experiments_are_chapters_of_one_page(experiment) -> None:
    page = Page(render([experiment, replace(experiment, name="digits", photographs=())], BACKGROUND))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert {"imagenet-sample", "digits", "imagenet-sample-images"} <= set(ids)
    assert "digits-images" not in ids
    assert len(ids) == len(set(ids))


def test_sources_are_listed_once_with_their_terms(page) -> None:
    assert page.text.count("the archive") == 1
    assert "Source (3 images): the archive. Terms: its terms." in " ".join(page.text.split())


def test_the_page_is_deterministic(experiment) -> None:
    assert render([experiment], BACKGROUND) == render([experiment], BACKGROUND)


def test_a_missing_figure_is_named(experiment) -> None:
    lost = replace(experiment.figures[0], image=Path("lost.png"))
    with pytest.raises(CaseSaliencyError, match=r"cannot read figure lost\.png"):
        render([replace(experiment, figures=[lost])], BACKGROUND)


def with_evidence(experiment):
    """Add two analyses, one of them with a figure, and the curves."""
    activity = pd.DataFrame(
        [
            {"model": "efficientnet_lite0", "seed": 0, "layer": layer, "kind": "output", "threshold": 0.001,
             "mean_active": 10.0, "active_fraction": 0.5, "ci_low": 0.4, "ci_high": 0.6, "n_channels": 20}
            for layer in ("last_conv", "early")
        ]
    )  # fmt: skip
    own = replace(experiment.figures[0], caption="Caption of channels.", analysis="activity")
    circularity = pd.DataFrame(
        [
            {"model": "efficientnet_lite0", "seed": 0, "layer": "last_conv", "method": method, "strength": math.nan,
             "membership": "all", "n": 18, "mean_agreement": 30.0, "verdict": "undecided", "share_left": share,
             "share_ci_low": share, "share_ci_high": share, "share_note": "", "k_removed": 5.0, "fill": "mean",
             "interaction": 0.1, "interaction_ci_low": -0.1}
            for method, share in (("gradcam", 0.0), ("case", 1.0), ("case_heldout", 0.4), ("case_matched", 0.1))
        ]
    )  # fmt: skip
    return replace(
        experiment,
        analyses={"activity": activity, "circularity": circularity},
        figures=[*experiment.figures, own],
    )


def test_evidence_holds_words_picture_and_numbers_together(experiment) -> None:
    page = Page(render([with_evidence(experiment)], BACKGROUND))
    text = " ".join(page.text.split())
    words = (
        *("Overview: method", "Further evidence These analyses", "Circularity: how much", "Left of this reduction"),
        *("Channel activity: how many", "50% (10 of 20)", "Figure 1. Caption of channels.", "Figure 2. Caption 1."),
    )
    order = [text.index(part) for part in words]
    assert order == sorted(order)
    assert text.count("Caption of channels.") == 1
    links = [link["href"] for link in page.all("a")]
    assert "#imagenet-sample-evidence-activity" in links
    assert links.count("#imagenet-sample-evidence-circularity") == 2  # from the contents and from below the headline
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_without_analyses_there_is_no_section_for_them(page) -> None:
    assert "Further evidence" not in page.text


def test_experiments_in_short_stand_before_the_chapters(experiment, page) -> None:
    assert "On what data" not in page.text
    other = replace(with_evidence(experiment), name="digits")
    several = Page(render([experiment, other], BACKGROUND))
    text = " ".join(several.text.split())
    short = text.index("On what data", text.index("Does the explanation"))
    assert short < text.index("20 photographs; EfficientNet-Lite0") < text.index("Overview: method")
    assert text.count("40% of its reduction of agreement against Grad-CAM is left") >= 1
    assert text.count("(circularity of digits)") == 1
    assert several.open == []


def test_photographs_that_are_not_shown_are_counted(experiment) -> None:
    page = Page(render([replace(experiment, sources=[Source("the archive", 200, ["its terms"])])], BACKGROUND))
    assert len([image for image in page.all("img") if image["src"].startswith("data:image/jpeg")]) == 3
    text = " ".join(page.text.split())
    assert "3 of the 200 are shown" in text
    assert "Source (200 images)" in text
