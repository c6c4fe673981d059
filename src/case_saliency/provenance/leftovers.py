"""What may be retired: files among the results, named plainly, that no run which stays has read."""

import shlex
import stat
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit.graph import Graph
from case_saliency.provenance.audit.reading import leaves
from case_saliency.provenance.audit.strangers import MADE
from case_saliency.provenance.folders import FOLDER

_SHOWN = 12
_FEW = 5


def within(path: str, places: Collection[str]) -> bool:
    """Tell whether a file is one of some places, or lies below one.

    Examples
    --------
    >>> [within(path, {"results/a"}) for path in ("results/a", "results/a/b/c", "results/ab")]
    [True, True, False]
    """
    return path in places or any(str(parent) in places for parent in PurePosixPath(path).parents)


def named(path: str) -> str:
    """Return a path that a person named as records name it: relative to the working folder.

    Raises
    ------
    CaseSaliencyError
        If it is no file or folder below `MADE`, or is one that holds records.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() and pure.is_relative_to(Path.cwd()):
        pure = pure.relative_to(Path.cwd())
    if leaves(str(pure)) or pure.parts[0] not in MADE:
        raise CaseSaliencyError(
            f"{path}: only files and folders below {', '.join(MADE)} are retired, named without `..`, in the folder of "
            "the Snakefile"
        )
    if pure.is_relative_to(FOLDER) or FOLDER.is_relative_to(pure):
        raise CaseSaliencyError(
            f"{path}: records lie there, which go with the files that they tell of: name those, or their folders"
        )
    return str(pure)


def refuse_links(root: Path, path: str) -> None:
    """Refuse a path that is a link, or leads through one: what it leads to is not this study's.

    Raises
    ------
    CaseSaliencyError
        Names the link.
    """
    for place in (*reversed(PurePosixPath(path).parents), PurePosixPath(path)):
        if (root / place).is_symlink():
            raise CaseSaliencyError(f"{place} is a link, and what it leads to is not touched: delete the link by hand")


def refuse_what_is_no_result(root: Path, paths: Iterable[str]) -> None:
    """Refuse what no run of the study leaves: a forged record may name any file.

    Raises
    ------
    CaseSaliencyError
        Names the path, and what is wrong with it.
    """
    for path in paths:
        pure = PurePosixPath(path)
        if leaves(path) or str(pure) != path or pure.parts[0] not in MADE or pure.is_relative_to(FOLDER):
            raise CaseSaliencyError(f"a record tells of {path!r}, which is no result: no run of the study wrote it")
        refuse_links(root, path)
        try:
            mode = (root / path).lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise CaseSaliencyError(f"{path}: {error.strerror or error}") from error
        if not stat.S_ISREG(mode):
            raise CaseSaliencyError(f"{path} is no regular file, or a folder that cannot be read: delete it by hand")


def refuse_used(known: Graph, gone: Collection[str], going: Collection[str], asked: Iterable[str]) -> None:
    """Refuse to take away what a run that stays has read: its results could not be verified any more.

    Parameters
    ----------
    known
        All runs.
    gone
        Files that are to go.
    going
        Records that go.
    asked
        What was named, for the remedy.

    Raises
    ------
    CaseSaliencyError
        Names each file with the record that used it, and all that was made from them.
    """
    leaving, rows, resting = set(gone), list[str](), list[str]()
    lost = set(leaving)
    for run in known.runs_behind(known.made_by):  # each after those whose outputs it read
        if run.record in going:
            continue
        read = [entry.path for entry in run.inputs if entry.path in lost]
        rows += [f"{path}, by {run.record}" for path in read if path in leaving]
        if read:
            own = [entry.path for entry in run.outputs if known.made_by[entry.path].record == run.record]
            lost.update(own)
            resting.append(own[0])
    if rows:
        more = f"\n  and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        few = f":\n  case-saliency retire {shlex.join([*asked, *resting])}" if len(resting) <= _FEW else ""
        raise CaseSaliencyError(
            f"{len(rows)} uses by runs that stay:\n" + "\n".join(f"  {row}" for row in rows[:_SHOWN]) + more + "\n"
            "Run the workflow first (snakemake --cores all), if it makes their results without these files now; or "
            f"retire what was made from them as well, {len(resting)} runs{few}"
        )
