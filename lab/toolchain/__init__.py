"""The programs the lab needs and no package registry has ready: built once, kept in a cache folder, shared by every checkout.

`ensure_toolchain` is the whole interface. What is built stands in `parts`, how in `gobuild`, and how a half-finished build never looks
finished in `store`.
"""

from lab.toolchain.build import Toolchain, ensure_toolchain
from lab.toolchain.errors import ToolchainError

__all__ = ["Toolchain", "ToolchainError", "ensure_toolchain"]
