"""Crate: the records as a Provenance Run Crate (RO-Crate 1.1), as a zip with the results, or as W3C PROV-JSON.

Without options, results/ro-crate-metadata.json is written. Run it in the folder of the Snakefile.
"""

import argparse
import json
import logging
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from case_saliency import __version__, storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import source
from case_saliency.provenance.audit.others import CRATE
from case_saliency.provenance.audit.reading import leaves
from case_saliency.provenance.folders import FOLDER

if TYPE_CHECKING:
    from case_saliency.provenance.audit.records import Records
    from case_saliency.provenance.crate.content import Content

_EPILOG = """\
examples:
  case-saliency crate
  case-saliency crate --zip case.crate.zip --agent 'Your Name' --agent-url https://orcid.org/...
  case-saliency crate --prov results.prov.json

The crate tells what the records say; `case-saliency audit` tells whether that is so."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = _EPILOG
    parser.add_argument("--zip", type=Path, metavar="FILE", help="write a zip of the crate with all files instead")
    parser.add_argument("--prov", type=Path, metavar="FILE", help="write W3C PROV-JSON instead")
    parser.add_argument("--agent", metavar="NAME", help="who ran it (default: as in the crate that is there)")
    parser.add_argument("--agent-url", metavar="URL", default="", help="an identifier of the agent, such as an ORCID")


def run(arguments: argparse.Namespace) -> None:
    """Write the crate."""
    from case_saliency.provenance.audit.records import records

    evidence = records(Path())
    if not evidence.graph.runs:
        raise CaseSaliencyError(f"{FOLDER}: no records found; run this in the folder of the Snakefile, after a run")
    log = logging.getLogger(__name__)
    for record, reason in evidence.unreadable.items():
        log.warning("left out: %s is no record: %s", record, reason)
    if arguments.prov is not None:
        from case_saliency.provenance.crate.prov import document

        storage.write_text(f"{document(evidence.graph, __version__).serialize(indent=1)}\n", arguments.prov)
        log.info("%d runs written to %s", len(evidence.graph.runs), arguments.prov)
        return
    agent = _agent_before() if arguments.agent is None else (arguments.agent, arguments.agent_url)
    if arguments.zip is not None:
        _zip(_content(evidence, "", agent), arguments.zip)
        log.info("%s holds the crate and its files", arguments.zip)
    else:
        place = Path(CRATE)
        storage.write_text(_text(_content(evidence, place.parent.as_posix(), agent)), place)
        log.info("%d runs described in %s", len(evidence.graph.runs), place)


def _agent_before() -> tuple[str, str] | None:
    """Return who the crate that is there says ran it: who was told once need not be told again."""
    from case_saliency.provenance.audit.others import entities

    people = [entity for entity in entities(Path()) or () if entity.get("@type") == "Person"]
    if not people:
        return None
    name, url = str(people[0].get("name")), str(people[0].get("@id"))
    return name, "" if url.startswith("#") else url


def _content(evidence: "Records", base: str, agent: tuple[str, str] | None) -> "Content":
    """Read what the crate tells beside the records: rules, parameters, lock, licences, authors."""
    from case_saliency.provenance.crate.content import Content
    from case_saliency.provenance.crate.licences import licences

    made = evidence.graph.made_by
    others = {path.as_posix(): (storage.sha256(path), path.stat().st_size) for path in _beside()}
    folders = {Path(path).with_name("images").as_posix() for path in made if path.endswith("/manifest.csv")}
    return Content(
        graph=evidence.graph,
        failed=evidence.failed,
        base=base,
        others=others,
        folders={folder: len(list(_images(folder))) for folder in sorted(folders) if Path(folder).is_dir()},
        licences=dict(licences(made)),
        authors=tuple(_authors()),
        agent=agent,
    )


def _beside() -> Iterator[Path]:
    """Yield the files that runs do not name: rules, parameters, lock, records, inventories, journal."""
    named = (source.PARAMETERS, source.LOCK, "README.md", "LICENSE", "CITATION.cff")
    wanted = [*source.workflow_files(), *map(Path, named), *sorted(FOLDER.rglob("*"))]
    yield from (path for path in wanted if path.is_file() and not path.is_symlink())


def _images(folder: str) -> Iterator[Path]:
    yield from (path for path in sorted(Path(folder).rglob("*")) if path.is_file() and not path.name.startswith("."))


def _authors() -> list[str]:
    """Return the authors of the software, as CITATION.cff names them."""
    try:
        body = yaml.safe_load(Path("CITATION.cff").read_text(encoding="utf-8"))
        return [str(author["name"]) for author in body["authors"]]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return []


def _text(content: "Content") -> str:
    from case_saliency.provenance.crate.describe import describe

    return json.dumps(describe(content, __version__, version("snakemake")), indent=1, ensure_ascii=False) + "\n"


def _packed(path: str) -> zipfile.ZipInfo:
    information = zipfile.ZipInfo(path)  # dated 1980
    information.compress_type = zipfile.ZIP_DEFLATED
    return information


def _zip(content: "Content", target: Path) -> None:
    """Write the crate with its files; the same files give the same bytes.

    Raises
    ------
    CaseSaliencyError
        If a file is missing, lies outside the repository, or is not what the crate tells of.
    """
    told = {path: digest for path, digest in _told(content) if not leaves(path)}
    files = dict.fromkeys([*told, *(path.as_posix() for folder in content.folders for path in _images(folder))])
    if wrong := next(_wrong(files, told, content.folders), None):
        raise CaseSaliencyError(f"{wrong}; nothing is packed; `case-saliency audit` tells whether there is more")
    with storage.atomic(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("ro-crate-metadata.json"), _text(content), zipfile.ZIP_DEFLATED)
        for folder in content.folders:
            archive.mkdir(folder)
        for path in files:
            with archive.open(_packed(path), "w", force_zip64=True) as packed, Path(path).open("rb") as file:
                shutil.copyfileobj(file, packed)


def _told(content: "Content") -> Iterator[tuple[str, str]]:
    """Yield path and SHA-256 of each file as the crate tells it."""
    from case_saliency.provenance.crate import entities
    from case_saliency.provenance.crate.content import WORKFLOW

    yield WORKFLOW, content.others[WORKFLOW][0]
    yield from ((str(one["name"]), str(one["sha256"])) for one in entities.files(content) if "sha256" in one)


def _wrong(files: Iterable[str], told: Mapping[str, str], folders: Iterable[str]) -> Iterator[str]:
    """Yield why files must not be packed: what is told of them is not so, or a link leads out of the repository."""
    from case_saliency.cli.upstream import depicted
    from case_saliency.provenance.audit import manifests
    from case_saliency.provenance.audit.measuring import measure
    from case_saliency.provenance.audit.verdicts import Verdict

    for path, found in measure(Path(), files).items():
        if found.problem:
            yield f"{path}: {found.problem.partition(';')[0]}"
        elif found.sha256 != told.get(path, found.sha256):
            yield f"{path}: it is not what the run wrote, of which the crate tells"
    for folder in folders:
        place = Path(folder).parent
        for check in depicted(place, manifests.rows(f"{place.as_posix()}/manifest.csv"), []):
            if check.verdict is not Verdict.OK and f"{check.subject}/".startswith(f"{folder}/"):
                yield f"{check.subject}: {check.note.partition(';')[0]}"
