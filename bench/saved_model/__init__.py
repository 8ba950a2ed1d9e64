"""A saved simulator model of any size for the discovery benchmark: made once into the cache, loaded and served by a Go program."""
