"""Writers of disks, one file each; the protocol is `migration.types.BlockTarget`, its contract tests/contracts/test_targets.py."""
