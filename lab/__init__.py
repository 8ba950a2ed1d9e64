"""The offline data centre and cloud of the demo and the tests. Only `cli` and `tests` import it."""
