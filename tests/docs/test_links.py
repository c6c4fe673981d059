"""What the documentation names exists: links, files, make targets, commands and workflow targets."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from case_saliency.cli.main import STAGES, TOOLS, VIEWS

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8")
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
}
EVERYTHING = "\n".join(PAGES.values())
MADE = ("data/", "models/", "results/", "logs/")  # by the workflow
TRACKED = ("docs/", "profiles/", "src/", "tests/", "workflow/")


def without_code(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text):
    """Anchors of a page's headings, as they are made on GitHub."""
    titles = re.findall(r"^#+ (.+)$", without_code(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?://)([^)]*)\)", without_code(PAGES[page])):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_files_exist(page):
    for name in re.findall(r"`([\w.-]+/[\w./-]*)`", PAGES[page]):
        if name.startswith(TRACKED):
            assert (ROOT / name).exists(), name


def test_every_page_is_in_an_index():
    for folder, index in ((ROOT / "docs", "index.md"), (ROOT / "docs/decisions", "README.md")):
        linked = re.findall(r"\]\(([^)#]*)", (folder / index).read_text(encoding="utf-8"))
        assert {page.name for page in folder.glob("*.md")} - {index} <= set(linked)


def test_every_make_target_exists():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```", EVERYTHING, flags=re.MULTILINE | re.DOTALL))
    named = {*re.findall(r"^make ([a-z-]+)", shell, flags=re.MULTILINE), *re.findall(r"`make ([a-z-]+)`", EVERYTHING)}
    assert {"reproduce", "test"} <= named <= set(targets)


def test_the_stages_are_all_described():
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", PAGES["docs/architecture.md"], flags=re.MULTILINE))
    assert rows == {name.replace("_", "-") for name in STAGES}


def test_every_command_exists():
    named = set(re.findall(r"`case-saliency ([a-z-]+)`", EVERYTHING))
    assert named <= {name.replace("_", "-") for name in (*STAGES, *TOOLS, *VIEWS)}


def test_every_target_of_the_workflow_can_be_made():
    targets = set(re.findall(r"snakemake --cores all ([\w./-]+)", PAGES["README.md"]))
    assert targets
    assert all(target.startswith(MADE) for target in targets)
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--nolock", "--quiet", "all", "--cores", "1", *targets]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
