"""Readers of frozen disks, one file each; the protocol is `migration.types.BlockSource`, its contract tests/contracts/test_sources.py."""
