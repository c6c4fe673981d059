"""DVC's repository: what it records of a tree, in one process. The only module that reaches into DVC."""

import contextlib
import copy
import json
import logging
import os
import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dvc.config import ConfigError
from dvc.dependency import param
from dvc.dvcfile import Lockfile, SingleStageFile
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.stage import serialize
from dvc.utils.serialize import dumps_yaml
from dvc_objects.errors import ObjectFormatError

from workflow.versioning import document, lockfile
from workflow.versioning.lockfile import LOCK, Entries, LockFileError

INCOMPLETE = "the remote did not give everything"


class OverwriteError(ValueError):
    """A file of the workspace that no cache holds."""


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
    blocks = lockfile.blocks(file.read_text(encoding="utf-8")) if file.exists() else {}
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
    blocks |= lockfile.blocks(dumps_yaml({"stages": new}))
    ordered = [blocks[name] for name in lockfile.load((root / document.FILE).read_bytes())["stages"] if name in blocks]
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

    entries_kept = _replaced(Lockfile, dump_stages=keep_entries, _load=lambda _, **__: ({}, ""))
    with entries_kept, _replaced(SingleStageFile, dump=keep_pointer):
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


def _apart(root: Path, paths: Sequence[str]) -> list[str]:
    return [f"{path}.dvc" for path in paths if (root / f"{path}.dvc").exists()]


@cache
def cache_folder(root: Path) -> Path:
    """Return the folder in which DVC keeps files by the MD5 of their content."""
    with _opened(root) as repo:
        return Path(repo.cache.local.path)


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
