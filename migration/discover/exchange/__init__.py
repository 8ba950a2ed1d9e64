"""Other tools' files, read and written: RVTools, Export for vCenter, Azure Migrate, a plain table, and Incline's own."""

from __future__ import annotations

from migration.discover.exchange.files import FORMATS, Written, format_of, read_file, write_file

__all__ = ["FORMATS", "Written", "format_of", "read_file", "write_file"]
