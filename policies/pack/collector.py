"""Python's garbage collector, paused while a stack is judged.

Evidence and verdicts are hundreds of thousands of small objects without cycles, all needed to the end. The collector looks for cycles in
all of them again and again as their number grows: a third of the time, and the part that grows faster than the stack.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collection within; as it was afterwards."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
