"""The `incline` command: one file per command. The only package that may import everything."""
