"""The rule that nothing inside a write transaction talks to the network, in checkable form.

``storage`` marks the stretch, every adapter that does network I/O asks. The module knows neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_writing: ContextVar[bool] = ContextVar("xenia_writing", default=False)


def is_writing() -> bool:
    """Whether the calling thread is inside a write transaction."""
    return _writing.get()


@contextmanager
def writing() -> Iterator[None]:
    """Mark a write transaction. Raises RuntimeError inside another one: they do not nest."""
    if _writing.get():
        raise RuntimeError("A write transaction cannot be opened inside another one.")
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def refuse_while_writing(what: str) -> None:
    """Raise RuntimeError when called inside a write transaction: *what* would hold locks over a network wait."""
    if _writing.get():
        raise RuntimeError(f"{what} inside a write transaction would keep its locks while others wait.")
