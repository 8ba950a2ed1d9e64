"""The steps of a move: one file per step, what it does and what undoes it side by side.

A step is idempotent, reads reality before it acts, and hands results on only through the journal, under its own name. An undo may be
called for a step that never ran, ran in part, or was undone before.
"""
