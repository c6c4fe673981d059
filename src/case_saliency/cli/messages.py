"""What a command tells a person: its log, and the failures that are no defect of the program."""

import contextlib
import errno
import logging
import os
import sys
from pathlib import Path

from case_saliency.cli.progress import to_lines
from case_saliency.errors import CaseSaliencyError

_NO_MEMORY = ("can't allocate memory", "out of memory")  # as torch says it, of processor and graphics card
_NO_SPACE = os.strerror(errno.ENOSPC)
_NO_FILES = os.strerror(errno.EMFILE)


def explain(error: Exception) -> str | None:
    """Return what a person can do about an exception; None: it is a defect, and its traceback tells most."""
    if _NO_FILES in str(error):
        return f"{str(error).partition(_NO_FILES)[0]}{_NO_FILES}: allow more (`ulimit -n`), and run again"
    if isinstance(error, CaseSaliencyError):
        return str(error)
    if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return (
            f"not enough memory ({reason}); run fewer jobs at once (--cores), lower compute.batch_size or "
            "attribution.memory_mb in params.yaml, or check the inputs: a damaged file may claim any size"
        )
    if _NO_SPACE in str(error):  # safetensors has an error of its own for it
        reason = str(error).splitlines()[0]
        return f"cannot write the outputs: {reason}; nothing unfinished was kept, free the cause and run again"
    return None


class _LogFile(logging.FileHandler):
    """A log file that is given up when its disk is full, with one line at the terminal: the job may go on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Say why no more is written; a message that cannot be written at all is logging's own business."""
        reason = sys.exc_info()[1]
        if not isinstance(reason, OSError):
            super().handleError(record)
            return
        logging.getLogger().removeHandler(self)
        with contextlib.suppress(OSError):  # what could not be written is tried once more
            self.close()
        logging.getLogger(__name__).warning("%s: %s; nothing more is logged there", self.baseFilename, reason)


def start_logging(file: Path | None, stage: str) -> None:
    """Tell messages at the terminal, and in `file` as well."""
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [terminal]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(_LogFile(file, mode="w", encoding="utf-8"))
        to_lines()
    prefix = f"[{stage}{'' if file is None else ' ' + _job(file)}] "
    logging.basicConfig(level=logging.WARNING, format=prefix + "%(message)s", handlers=handlers, force=True)
    logging.getLogger("case_saliency").setLevel(logging.DEBUG)  # other libraries are heard when they warn
    logging.captureWarnings(capture=True)


def _job(log: Path) -> str:
    """Return the part of a log's path that tells jobs of a stage apart: logs/attribute/a/b.log -> a/b."""
    parts = log.with_suffix("").parts
    return "/".join(parts[2:] if len(parts) > 2 else parts[-1:])
