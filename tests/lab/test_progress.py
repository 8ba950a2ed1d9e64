"""Progress is alive on a terminal and quiet in a log."""

import io
import time

import pytest

from lab import progress
from lab.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def show(stream, monkeypatch, *, seconds=0.12):
    monkeypatch.setattr(progress, "_TERMINAL_TICK_S", 0.02)
    monkeypatch.setattr(progress, "_LOG_TICK_S", 0.05)
    with Progress(stream).step("build pulumi") as step:
        step.note("17 packages")
        time.sleep(seconds)
    return stream.getvalue()


def test_a_terminal_sees_one_line_that_lives(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    shown = show(Terminal(), monkeypatch)

    assert shown.count("\n") == 1
    assert "17 packages" in shown
    assert shown.endswith("build pulumi: done in 0.1 s\n")


def test_a_log_sees_whole_lines_and_no_control_characters(monkeypatch):
    shown = show(io.StringIO(), monkeypatch)

    assert shown.startswith("build pulumi ...\n")
    assert "17 packages" in shown
    assert "\x1b" not in shown
    assert "\r" not in shown


def test_a_dumb_terminal_is_a_log(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")

    assert "\x1b" not in show(Terminal(), monkeypatch)


def test_a_step_that_fails_says_so():
    stream = io.StringIO()

    with pytest.raises(ZeroDivisionError), Progress(stream).step("build pulumi"):
        raise ZeroDivisionError
    assert "build pulumi: failed" in stream.getvalue()


def test_nowhere_is_a_stream_too():
    with Progress(None).step("build pulumi"):
        Progress(None).say("unheard")
