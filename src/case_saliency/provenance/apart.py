"""git, apart from the configuration of the repository: no program that it names is run, and nothing is fetched.

A repository that somebody hands over may name programs: filters and text conversions (which attributes choose, and
which no option switches off), monitors, hooks, remotes from which missing objects are fetched. So git works in a
folder of its own, which has no configuration. It borrows the repository's objects, its index and what it ignores, and
those of its settings that are a plain word and tell how files are compared.
"""

import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PLAIN = (
    *("--no-replace-objects", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "core.attributesFile=/dev/null", "-c", "core.quotePath=false", "-c", "diff.indentHeuristic=false"),
)
_SETTINGS = r"^(core\.(filemode|symlinks|ignorecase|precomposeunicode|autocrlf|eol)|extensions\.objectformat)$"
_WORD = re.compile(r"[a-z0-9.]+=[a-zA-Z0-9]+")
_BORROWED = ("index", "sharedindex.*", "shallow", "info/exclude")


def git(*arguments: str, given: bytes | None = None) -> bytes | None:
    """Return what git says of the repository of the working folder; None if there is none, or git refuses.

    Parameters
    ----------
    arguments
        A command and its arguments. `HEAD` means nothing here: name a commit, see `head`.
    given
        What git reads from its standard input.
    """
    try:
        repository = _repository(Path.cwd())
        with tempfile.TemporaryDirectory(prefix="case-saliency-") as made:
            _make(Path(made), repository)
            return _run([*repository.options, *arguments], _environment(made, repository), given)
    except OSError:  # there is no repository, or no folder can be made
        return None


def head() -> str | None:
    """Return the commit of the working folder; None outside a repository, or where it is not held."""
    named = _ask("rev-parse", "--verify", "--quiet", "HEAD")
    found = git("rev-parse", "--verify", "--quiet", f"{named.strip()}^{{commit}}") if named else None
    return None if found is None else found.decode().strip()


@dataclass(frozen=True)
class _Repository:
    """Where a repository lies: its folder, the one that its working trees share, and this tree; and its settings."""

    own: Path
    common: Path
    tree: str
    settings: tuple[str, ...]

    @property
    def options(self) -> list[str]:
        return [part for entry in self.settings if entry.startswith("core.") for part in ("-c", entry)]


@cache
def _repository(folder: Path) -> _Repository:
    """Return the repository of the working folder. Raises FileNotFoundError, which is not kept, if there is none."""
    told = (_ask("rev-parse", "--absolute-git-dir", "--git-common-dir", "--show-toplevel") or "").splitlines()
    if len(told) != 3 or not folder.is_relative_to(told[2]):  # a configuration may name any folder
        raise FileNotFoundError(folder)
    lines = (_ask("config", "-z", "--get-regexp", _SETTINGS) or "").split("\0")
    settings = tuple(entry for entry in (line.replace("\n", "=", 1) for line in lines) if _WORD.fullmatch(entry))
    return _Repository(Path(told[0]), folder / told[1], told[2], settings)


def _environment(made: str, repository: _Repository) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_DIR": made,
        "GIT_WORK_TREE": repository.tree,
        "GIT_OBJECT_DIRECTORY": str(repository.common / "objects"),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
    }


def _make(made: Path, repository: _Repository) -> None:
    """Make what git takes for a repository, with links to what it borrows. What is itself a link is not followed."""
    for name in ("refs", "info"):
        (made / name).mkdir()
    (made / "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
    extensions = [entry.removeprefix("extensions.") for entry in repository.settings if entry.startswith("extensions.")]
    lines = ["[core]", f"repositoryformatversion={int(bool(extensions))}", "[extensions]", *extensions, ""]
    (made / "config").write_text("\n".join(lines), encoding="utf-8")
    for base in dict.fromkeys((repository.own, repository.common)):
        for file in (file for pattern in _BORROWED for file in base.glob(pattern)):
            link, linked = made / file.relative_to(base), file.parent != base and file.parent.is_symlink()
            if stat.S_ISREG(file.lstat().st_mode) and not linked and not link.is_symlink():
                link.symlink_to(file)


def _ask(*arguments: str) -> str | None:
    """Return what git says with the repository's configuration: where it lies and what is set, which runs nothing."""
    said = _run(arguments, os.environ)
    return None if said is None else os.fsdecode(said)


def _run(arguments: Sequence[str], environment: Mapping[str, str], given: bytes | None = None) -> bytes | None:
    command = ["git", *_PLAIN, *arguments]
    try:
        done = subprocess.run(command, input=given, env=environment, capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout
