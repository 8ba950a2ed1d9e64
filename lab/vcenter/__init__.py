"""The lab's vCenter: a Go program (see README.md) and, in Python, the inventory that it is started with."""
