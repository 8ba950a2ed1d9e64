"""The lab as one thing that is up or down: its two servers, the engine's home, and the stacks.

`Lab` (in `lab.lifecycle.lab`) is the whole interface; the other modules each own one concern. Everything the lab knows stands in one
folder, its home; nothing is written anywhere else but the toolchain's cache.
"""

from lab.lifecycle.errors import LabError
from lab.lifecycle.home import LabHome
from lab.lifecycle.lab import Lab

__all__ = ["Lab", "LabError", "LabHome"]
