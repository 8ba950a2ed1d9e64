"""The rules that need two objects: one file per kind of object, each a generator of problems over a draft."""
