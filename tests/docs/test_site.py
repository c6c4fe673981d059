"""The site is built without a warning, holds every page, and loads nothing from anywhere."""

import doctest
import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
HOOKS = ("navigation", "links", "formulas", "tables", "reference")
LOADING = {"script": "src", "img": "src", "iframe": "src", "link": "href"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, as `mkdocs build` makes it; `make docs` finds modules of the root besides."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-P", "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    paths = [path for path in sys.path if path and Path(path).resolve() != ROOT]
    environment = {"PATH": "", "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": ":".join(paths)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


class Loaded(HTMLParser):
    """Addresses that a page loads; `elements` counts the tags."""

    def __init__(self, text):
        super().__init__()
        self.found, self.elements = [], {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements[tag] = self.elements.get(tag, 0) + 1
        if LOADING.get(tag) in dict(attrs) and dict(attrs).get("rel") not in ("next", "prev"):
            self.found.append(dict(attrs)[LOADING[tag]])


def test_no_page_loads_anything_from_the_network(site):
    for page in site.rglob("*.html"):
        for address in Loaded(page.read_text(encoding="utf-8")).found:
            assert not re.match(r"(https?:)?//", address), (page, address)
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?https?:", style.read_text(encoding="utf-8")), style


def test_every_page_and_every_table_is_in_the_site(site):
    for page in DOCS.rglob("*.md"):
        built = site / page.relative_to(DOCS).with_suffix(".html")
        assert (built.with_name("index.html") if page.name == "README.md" else built).exists(), page
    for table in (DOCS / "results").rglob("*.csv"):
        assert (site / table.relative_to(DOCS)).read_bytes() == table.read_bytes()
        assert (site / table.relative_to(DOCS).with_suffix(".html")).exists()
    assert {"about.html", "changelog.html"} <= {page.name for page in site.glob("*.html")}


def test_the_reference_is_the_last_part_of_the_navigation(site):
    tabs = re.findall(r'class="md-tabs__link">\s*(.*?)\s*</a>', (site / "index.html").read_text(encoding="utf-8"), re.S)
    assert tabs[-1] == "API"


def test_a_tables_page_has_its_rows(site):
    table = pd.read_csv(DOCS / "results/digits/agreement.csv")
    page = Loaded((site / "results/digits/agreement.html").read_text(encoding="utf-8"))
    assert page.elements["tr"] == len(table) + 1
    assert page.elements["td"] == len(table) * page.elements["th"]


def test_formulas_are_drawn_by_the_browser(site):
    assert (site / "methods.html").read_text(encoding="utf-8").count("<math") > 40
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'class="arithmatex"' not in text, page
        for formula in re.findall(r"<math.*?</math>", text, re.DOTALL):
            assert not re.search(r"\\|&amp;|&#x26;|merror", formula), (page, formula)


def test_the_reference_knows_the_public_function(site):
    assert "case_saliency.statistics.paired" in (site / "api/statistics.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", HOOKS)
def test_the_examples_of_the_hooks_hold(name):
    module = importlib.import_module(f"workflow.site.{name}")
    assert doctest.testmod(module).failed == 0
