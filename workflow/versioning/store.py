"""DVC's repository: what it records of a tree, in one process. The only module that reaches into DVC."""

import contextlib
import copy
import hashlib
import json
import logging
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from dvc.dependency import param
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc_objects.errors import ObjectFormatError

from workflow.versioning import document

LOCK = Path("dvc.lock")
RECORDS = Path("results/provenance")

Entries = dict[str, dict[str, Any]]


class LockFileError(ValueError):
    """A file of DVC that cannot be read."""


def locked(root: Path) -> Entries:
    """Return the stages of dvc.lock, name -> entry.

    Raises
    ------
    LockFileError
        If the file is no YAML, or lists no stages.
    """
    file = root / LOCK
    if not file.exists():
        return {}
    try:
        stages = _stages(_load(file))
    except (yaml.YAMLError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise unusable(file, LOCK) from error
    return stages


def unusable(file: Path, name: Path) -> LockFileError:
    """Return the error of a file that is no longer what was written."""
    return LockFileError(
        f"{file} is damaged: take the version of the last commit (git checkout HEAD -- {name}), run snakemake, "
        "then make commit"
    )


def _stages(content: Any) -> Entries:
    stages = content["stages"]
    if not isinstance(stages, dict) or not all(isinstance(entry, dict) for entry in stages.values()):
        raise TypeError("stages are no mapping of mappings")
    return stages


def _load(file: Path) -> Any:
    """Read YAML as plain data, in C where that is built in: dvc.lock has thousands of lines."""
    return yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def record(root: Path, names: Collection[str], apart: Sequence[str]) -> None:
    """Write stages into dvc.lock and the cache; what is kept `apart` into .dvc files of its own.

    Files in the workspace are left as they are: DVC does not link them to its cache. Stages of dvc.lock that are not
    recorded now stay in it, and all stand in the order of dvc.yaml, so that equal results make an equal file.

    Raises
    ------
    LockFileError
        If another command of DVC is at work.
    """
    file = root / LOCK
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    old = kept(root, apart)
    try:
        file.unlink(missing_ok=True)  # DVC would read it through a parser that keeps comments, which takes seconds
        with _quiet(), Repo(root) as repo, lock_repo(repo):  # one lock for both, or all stages are read twice
            collect = repo.stage.collect_granular
            # One call for all: each call of its own would hash and store again what stages share.
            repo.stage.collect_granular = lambda *told, **more: [
                info
                for info in collect(*told, **more)
                if getattr(info.stage, "name", None) in names  # a .dvc file has none
            ]
            repo.stage_cache.save = lambda _stage: None  # what DVC has run itself, by inputs: Snakemake runs here
            with _params_parsed_once():
                repo.commit(force=True, relink=False)
            repo.stage.collect_granular = collect
            repo.add([str(root / path) for path in apart if (root / path).exists()], relink=False)
        blocks = _blocks(before) | _blocks(file.read_text(encoding="utf-8"))
    except BaseException as error:
        put_back(old, root)
        if isinstance(error, LockError):
            raise LockFileError(
                f"another command of DVC holds {root / '.dvc/tmp/lock'}: wait for it, then again"
            ) from error
        raise
    ordered = [blocks[name] for name in _load(root / document.FILE)["stages"] if name in blocks]
    file.write_text("schema: '2.0'\nstages:\n" + "".join(ordered), encoding="utf-8")


def kept(root: Path, apart: Sequence[str]) -> dict[Path, bytes | None]:
    """Return dvc.lock and the .dvc files, which `record` writes, with their bytes; None for a missing one."""
    files = [LOCK, *(Path(f"{path}.dvc") for path in apart)]
    return {file: (root / file).read_bytes() if (root / file).exists() else None for file in files}


def put_back(old: Mapping[Path, bytes | None], root: Path) -> None:
    """Make files again what `kept` found."""
    for file, content in old.items():
        (root / file).unlink(missing_ok=True) if content is None else (root / file).write_bytes(content)


@contextlib.contextmanager
def _params_parsed_once() -> Iterator[None]:
    """Let DVC parse params.yaml once, and not for each stage in turn."""
    load = param.load_path
    once = cache(load)
    param.load_path = lambda *told, **more: copy.deepcopy(once(*told, **more))  # what is shared would become anchors
    try:
        yield
    finally:
        param.load_path = load


def _blocks(text: str) -> dict[str, str]:
    """Return stage -> its lines in dvc.lock."""
    parts = re.split(r"^  (?=[^ ])", text.partition("stages:\n")[2], flags=re.MULTILINE)[1:]
    return {part.partition(":")[0]: f"  {part}" for part in parts}


def pointer(root: Path, path: str) -> dict[str, Any] | None:
    """Return what a .dvc file tells of the path that it keeps, as dvc.lock does of an output; None without such a file.

    Raises
    ------
    LockFileError
        If the file cannot be read.
    """
    name = Path(f"{path}.dvc")
    file = root / name
    if not file.exists():
        return None
    try:
        out = _load(file)["outs"][0]
        return {**out, "nfiles": int(out.get("nfiles", 0)), "md5": str(out["md5"]), "path": path}
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise unusable(file, name) from error


def record_count(root: Path) -> int:
    """Return how many records results/provenance.dvc lists."""
    out = pointer(root, str(RECORDS))
    return out["nfiles"] if out else 0


def differing(old: Mapping[str, Any], new: Mapping[str, Any], folder: Path) -> list[str]:
    """Return which files differ between two entries of one stage; a whole folder where its listing is not cached."""
    before, after = ({out["path"]: out for out in entry.get("outs", [])} for entry in (old, new))
    found = []
    for path in sorted({*before, *after}):
        one, other = before.get(path, {}).get("md5"), after.get(path, {}).get("md5")
        if one == other:
            continue
        listings = [_listing(folder, digest) for digest in (one, other)]
        if None in listings:
            found.append(path)
        else:
            left, right = ({entry["relpath"]: entry["md5"] for entry in listing or []} for listing in listings)
            found += [f"{path}/{name}" for name in sorted({*left, *right}) if left.get(name) != right.get(name)]
    return found


@cache
def objects(root: Path) -> Path:
    """Return the folder in which DVC keeps files by the MD5 of their content."""
    with _quiet(), Repo(root) as repo:
        return Path(repo.cache.local.path)


def _object(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / digest[2:]


def _listing(folder: Path, digest: str | None) -> list[dict[str, str]] | None:
    """Return the files of a folder; None if it is none, or its listing is missing or damaged."""
    if not digest or not digest.endswith(".dir"):
        return None
    file = _object(folder, digest)
    if md5(file) != digest.removesuffix(".dir"):
        return None
    content: list[dict[str, str]] = json.loads(file.read_text())
    return content


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let DVC raise what goes wrong, and say nothing."""
    loggers = [logging.getLogger(name) for name in ("dvc", "dvc_data", "dvc_objects")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def fetch(root: Path, last: Sequence[str], apart: Sequence[str]) -> str:
    """Bring what stages and all before them made, and what is kept apart, from the remote; return what was amiss."""
    with _quiet(), Repo(root) as repo:
        if not repo.config["core"].get("remote"):
            return "no remote is set, the local cache alone was searched (docs/versioning.md: dvc remote add -d ...)"
        targets = [*last, *_apart(root, apart)]
        try:
            repo.fetch(targets=targets, with_deps=True)
        except ObjectFormatError:
            return _fetch_one_by_one(repo, targets)
        except Exception as error:  # DVC passes on those of the library that reaches the remote
            return f"the remote did not give everything: {error} (`dvc fetch` tells why)"
    return ""


def _fetch_one_by_one(repo: Repo, targets: Sequence[str]) -> str:
    """Fetch stage by stage, so that a damaged listing of one folder keeps back nothing of the others."""
    behind = [stage for target in targets for stage in repo.stage.collect(target, with_deps=True)]
    amiss = []
    for name in dict.fromkeys(stage.addressing for stage in behind):
        try:
            repo.fetch(targets=[name])
        except Exception as error:
            amiss.append(f"{name}: {error}")
    return (
        f"the remote did not give everything: {'; '.join(amiss)}. DVC never replaces an object of the remote: delete a "
        "corrupted one there (files/md5/<its first two digits>/<the rest>), and dvc push it from where it is whole"
    )


def checkout(root: Path, last: Sequence[str], apart: Sequence[str]) -> None:
    """Put what stages and all before them made, and what is kept apart, into the workspace, as far as the cache has it.

    Raises
    ------
    OverwriteError
        If a file of the workspace would be overwritten that no cache holds.
    """
    with _quiet(), Repo(root) as repo:
        try:
            repo.checkout(targets=[*last, *_apart(root, apart)], with_deps=True, allow_missing=True)
        except DvcException as error:
            raise OverwriteError(f"{error}\nRecord these files first (make commit), or delete them") from error


class OverwriteError(ValueError):
    """A file of the workspace that no cache holds."""


def _apart(root: Path, paths: Sequence[str]) -> list[str]:
    return [f"{path}.dvc" for path in paths if (root / f"{path}.dvc").exists()]


def damaged_apart(root: Path, path: str) -> bool:
    """Return whether what a .dvc file keeps is missing or differs from it, hashed anew from its bytes."""
    out = pointer(root, path)
    return out is None or bool(damaged(root, {"outs": [out]}))


def damaged(root: Path, entry: Mapping[str, Any]) -> list[str]:
    """Return which files of a stage are missing or differ from its entry in dvc.lock, hashed anew from their bytes."""
    found = []
    for out in entry.get("outs", []):
        path, digest = out["path"], out["md5"]
        listing = _listing(objects(root), digest)
        if listing is not None:
            found += [f"{path}/{one['relpath']}" for one in listing if md5(root / path / one["relpath"]) != one["md5"]]
        elif digest.endswith(".dir") or md5(root / path) != digest:
            found.append(path)
    return found


def forget(root: Path, entry: Mapping[str, Any]) -> None:
    """Take what a stage made out of the workspace, and out of the cache those of its objects that are damaged."""
    for out in entry.get("outs", []):
        if out["path"].startswith(("results/metrics/", "results/claims/")):
            continue
        for one in _listing(objects(root), out["md5"]) or [{"md5": out["md5"]}]:
            stored = _object(objects(root), one["md5"])
            if stored.exists() and md5(stored) != one["md5"].removesuffix(".dir"):
                stored.unlink()
        path = root / out["path"]
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def md5(file: Path) -> str | None:
    """Return the digest that DVC has of a file; None where there is no file."""
    if not file.is_file():
        return None
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
