"""DVC's repository: what it records of a tree, in one process. The only module that reaches into DVC."""

import contextlib
import copy
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from dvc.config import ConfigError
from dvc.dependency import param
from dvc.dvcfile import Lockfile, SingleStageFile
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.stage import serialize
from dvc.utils.serialize import dumps_yaml
from dvc_objects.errors import ObjectFormatError

from case_saliency.provenance.audit.reading import leaves
from workflow.versioning import document

LOCK = Path("dvc.lock")
RECORDS = Path("results/provenance")
MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
INCOMPLETE = "the remote did not give everything"

Entries = dict[str, dict[str, Any]]


class LockFileError(ValueError):
    """A file of DVC that cannot be read."""


def locked(root: Path) -> Entries:
    """Return the stages of dvc.lock, name -> entry.

    Raises
    ------
    LockFileError
        If the file is no YAML, or an entry lacks something: a hash that was cut off, a command.
    """
    file = root / LOCK
    return parsed(file.read_bytes(), file) if file.exists() else {}


def parsed(text: bytes, file: Path) -> Entries:
    """Return the stages that the text of dvc.lock lists; errors as `locked`."""
    try:
        return _stages(_load(text))
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise unusable(file, LOCK) from error


def unusable(file: Path, name: Path) -> LockFileError:
    """Return the error of a file that is no longer what was written."""
    return LockFileError(
        f"{file} is damaged: take the version of the last commit (git checkout HEAD -- {name}), run snakemake, "
        "then make commit"
    )


def _stages(content: Any) -> Entries:
    stages: dict[Any, Any] = content["stages"]
    for name, entry in stages.items():
        if not (isinstance(name, str) and isinstance(entry["cmd"], str)):
            raise TypeError("a stage without its command")
        for one in [*entry.get("deps", []), *entry.get("outs", [])]:
            if leaves(one["path"]) or not MD5.fullmatch(one["md5"]):
                raise ValueError("no file of this folder with its hash")
        if not all(isinstance(values, dict) for values in entry.get("params", {}).values()):
            raise TypeError("parameters are no mapping")
    return stages


def _load(text: bytes) -> Any:
    """Read YAML as plain data, in C where that is built in: dvc.lock has thousands of lines."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def stored(root: Path, names: Collection[str], apart: Sequence[str], before: Entries) -> dict[str, bytes]:
    """Put stages, and what is kept `apart`, into the cache; return dvc.lock and .dvc files, path -> content, as due.

    Nothing of the workspace is written, and DVC links no file of it to its cache. Stages of dvc.lock that are not
    recorded now stay in it, and all stand in the order of dvc.yaml, so that equal results make an equal file.

    Parameters
    ----------
    root
        The repository.
    names
        The stages to record.
    apart
        Paths with a .dvc file of their own.
    before
        What dvc.lock has now.

    Raises
    ------
    LockFileError
        If another command of DVC is at work, or its configuration cannot be read.
    """
    file = root / LOCK
    blocks = _blocks(file.read_text(encoding="utf-8")) if file.exists() else {}
    try:
        with _opened(root) as repo, lock_repo(repo):  # one lock for both, or all stages are read twice
            collect = repo.stage.collect_granular
            # One call for all: each call of its own would hash and store again what stages share.
            repo.stage.collect_granular = lambda *told, **more: [
                info
                for info in collect(*told, **more)
                if getattr(info.stage, "name", None) in names  # a .dvc file has none
            ]
            repo.stage_cache.save = lambda _stage: None  # what DVC has run itself, by inputs: Snakemake runs here
            with _params_parsed_once(), _nothing_written(repo.root_dir) as (entries, pointers):
                repo.commit(force=True, relink=False)
                repo.stage.collect_granular = collect
                repo.add([str(root / path) for path in apart if (root / path).exists()], relink=False)
    except LockError as error:
        raise LockFileError(
            f"another command of DVC holds {root / '.dvc/tmp/lock'}: wait for it, then again"
        ) from error
    # DVC's dumper takes seconds for all stages: what is as before stays as it stands.
    new = {name: entry for name, entry in entries.items() if _plain(entry) != _plain(before.get(name))}
    blocks |= _blocks(dumps_yaml({"stages": new}))
    ordered = [blocks[name] for name in _load((root / document.FILE).read_bytes())["stages"] if name in blocks]
    return {**pointers, str(LOCK): ("schema: '2.0'\nstages:\n" + "".join(ordered)).encode()}


def _plain(entry: Any) -> str:
    """Return an entry as text, in the order of its keys."""
    return json.dumps(entry, default=str)


@contextlib.contextmanager
def _nothing_written(root: str) -> Iterator[tuple[Entries, dict[str, bytes]]]:
    """Let DVC write no file: yield the entries of dvc.lock, and .dvc files with their content, that it would write.

    Nor does it read dvc.lock, through a parser that takes seconds: all stages are stored by what lies on the disk.
    """
    entries: Entries = {}
    pointers: dict[str, bytes] = {}

    def keep_entries(_: Lockfile, stages: Sequence[Any], **more: Any) -> None:
        for stage in stages:
            entries.update(serialize.to_lockfile(stage, **more))

    def keep_pointer(file: SingleStageFile, stage: Any, **more: Any) -> None:
        content = dumps_yaml(serialize.to_single_stage_file(stage, **more))
        pointers[Path(os.path.relpath(file.path, root)).as_posix()] = content.encode()

    lockfile = _replaced(Lockfile, dump_stages=keep_entries, _load=lambda _, **__: ({}, ""))
    with lockfile, _replaced(SingleStageFile, dump=keep_pointer):
        yield entries, pointers


@contextlib.contextmanager
def _replaced(owner: type, **methods: Any) -> Iterator[None]:
    """Let methods of a class be others for a while."""
    own = {name: owner.__dict__.get(name) for name in methods}
    for name, method in methods.items():
        setattr(owner, name, method)
    try:
        yield
    finally:
        for name, method in own.items():
            setattr(owner, name, method) if method is not None else delattr(owner, name)


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
        return _pointed(file.read_bytes(), path)
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise unusable(file, name) from error


def _pointed(text: bytes, path: str) -> dict[str, Any]:
    out = _load(text)["outs"][0]
    if not MD5.fullmatch(out["md5"]):
        raise ValueError("no hash")
    return {**out, "nfiles": int(out.get("nfiles", 0)), "path": path}


def record_count(text: bytes | None) -> int:
    """Return how many records the text of results/provenance.dvc lists."""
    return 0 if text is None else int(_pointed(text, str(RECORDS))["nfiles"])


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
    with _opened(root) as repo:
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
def _opened(root: Path, *, alone: bool = False) -> Iterator[Repo]:
    """Open the repository of DVC, which raises what goes wrong, and says nothing; `alone`: as if no remote were set."""
    with _quiet():
        try:
            repo = Repo(root, config={"core": {"remote": ""}} if alone else None)
        except ConfigError as error:
            raise LockFileError(
                f"the configuration of DVC cannot be read: {error}. Mend .dvc/config (git checkout HEAD -- .dvc/config "
                "takes that of the last commit) or .dvc/config.local by hand"
            ) from error
        with repo:
            yield repo


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
    with _opened(root) as repo:
        if not repo.config["core"].get("remote"):
            return "no remote is set, the local cache alone was searched (docs/versioning.md: dvc remote add -d ...)"
        targets = [*last, *_apart(root, apart)]
        try:
            repo.fetch(targets=targets, with_deps=True)
        except ObjectFormatError:
            return _fetch_one_by_one(repo, targets)
        except ImportError as error:  # the plugin of this kind of remote
            plugin = re.search(r"dvc-\w+", str(error))
            return f"the remote cannot be reached: {error}" + (f": pip install {plugin.group()}" if plugin else "")
        except Exception as error:  # DVC passes on those of the library that reaches the remote
            return f"{INCOMPLETE}: {error} (`dvc fetch` tells why)"
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
        f"{INCOMPLETE}: {'; '.join(amiss)}. DVC never replaces an object of the remote: delete a "
        "corrupted one there (files/md5/<its first two digits>/<the rest>), and dvc push it from where it is whole"
    )


def mending(root: Path, entry: Mapping[str, Any]) -> list[str]:
    """Return the objects to delete in the remote before a stage is pushed again: those of its files that are not whole.

    A push asks for the listing of a folder alone: where that is, it takes all files of the folder for sent. So the
    listing is to be deleted too; without one here it is not known which of its files are amiss.
    """
    found = []
    for out in entry.get("outs", []):
        listed = _listing(objects(root), out["md5"])
        gone = sorted(
            digest for digest in {one["md5"] for one in listed or []} if md5(_object(objects(root), digest)) != digest
        )
        if gone or (listed is None and out["md5"].endswith(".dir")):
            found += [f"files/md5/{one[:2]}/{one[2:]}" for one in (out["md5"], *gone)]
    return found


def checkout(root: Path, last: Sequence[str], apart: Sequence[str]) -> None:
    """Put what stages and all before them made, and what is kept apart, into the workspace, as far as the cache has it.

    Raises
    ------
    OverwriteError
        If a file of the workspace would be overwritten that no cache holds.
    """
    with _opened(root, alone=True) as repo:  # the cache has what there is: no remote is asked, nor its plugin
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
