"""Tell a user which of their saliency methods failed, on which images, and how."""

import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from case_saliency.attribution.registry import Method
from case_saliency.errors import CaseSaliencyError

_NAMED = 3  # images of a batch that are named


class Watched:
    """Batches, as they are given; `image_ids` are those of the last one."""

    def __init__(self, batches: Iterable[tuple[Sequence[str], Tensor]]) -> None:
        self._batches = batches
        self.image_ids: Sequence[str] = ()

    def __iter__(self) -> Iterator[tuple[Sequence[str], Tensor]]:
        for image_ids, images in self._batches:
            self.image_ids = image_ids
            yield image_ids, images


@contextmanager
def explained(methods: Sequence[Method], batches: Watched) -> Iterator[None]:
    """Turn an exception of a user's method into an error that names method, images, exception and remedy.

    An exception belongs to a method `module:function` if that function (or the module's own text, as it is imported) is
    among the frames that it passed through, or if the function could not be called with a view. Any other exception
    passes: it is not the method's.

    Raises
    ------
    CaseSaliencyError
        In the place of the method's exception, which is its cause.
    """
    try:
        yield
    except CaseSaliencyError:
        raise
    except Exception as error:
        for method in methods:
            if method.citation == "user" and (place := _place(error, method)):
                raise CaseSaliencyError(_message(method, error, place, batches.image_ids)) from error
        raise


def _place(error: Exception, method: Method) -> str:
    """Return file and line where a method's exception came from; "" if it is not the method's."""
    module, _, function = method.target.partition(":")
    frames = list(traceback.walk_tb(error.__traceback__))
    entered = [
        (frame.f_code.co_filename, line)
        for frame, line in frames
        if frame.f_globals.get("__name__") == module and frame.f_code.co_name in {function, "<module>"}
    ]
    if entered:
        return "{} line {}".format(*entered[-1])
    if isinstance(error, TypeError) and str(error).startswith(f"{function}()"):
        return "the call function(view, **parameters)"
    return ""


def _message(method: Method, error: Exception, place: str, image_ids: Sequence[str]) -> str:
    named = ", ".join(image_ids[:_NAMED])
    more = f" and {len(image_ids) - _NAMED} more" if len(image_ids) > _NAMED else ""
    said = " ".join(str(error).split())
    return (
        f"method {method.name}: {method.target} raised {type(error).__name__}{f': {said}' if said else ''} in {place}, "
        f"explaining the batch of images {named}{more}; correct it (docs/own-methods.md tells what it is given and "
        "must return) or leave the method out. The option --traceback, before the command, shows all of it"
    )
