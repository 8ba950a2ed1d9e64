"""What a person is told about a move: who serves now, and what to run next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.move_words import standing
from cli.output import print_error, say_next
from infra.errors import InclineError
from migration.moves import MoveRecord, MoveState

RECORD = MoveRecord(
    id="mv-1",
    server="permits-db-01",
    source="downtown",
    target="aws-east",
    direction="up",
    state=MoveState.SYNCED,
    created="2026-11-25T12:00:00+00:00",
    owner="city",
    placement_before={},
    site_before="downtown",
)


@pytest.mark.parametrize(
    ("state", "begun", "results", "words"),
    [
        (MoveState.SEEDING, (), {}, "downtown serves"),
        (MoveState.CUTTING_OVER, (), {}, "downtown serves"),
        (MoveState.CUTTING_OVER, ("power_off_source",), {}, "NOBODY SERVES"),
        (MoveState.CUTTING_OVER, ("power_off_source", "check_health"), {"check_health": {}}, "aws-east serves"),
        (MoveState.ON_TRIAL, ("power_off_source",), {}, "aws-east serves; the machine on downtown is held"),
        (MoveState.ROLLING_BACK, ("power_off_source",), {}, "NOBODY SERVES"),
        (MoveState.ROLLING_BACK, ("copy_seed",), {}, "downtown serves"),
        (MoveState.ROLLED_BACK, (), {}, "downtown serves, as before"),
        (MoveState.ACCEPTED, (), {}, "aws-east serves; the machine on downtown is given up"),
        (MoveState.RETURNED, (), {}, "downtown serves again"),
    ],
)
def test_who_serves_is_said_in_every_state(
    state: MoveState, begun: tuple[str, ...], results: dict[str, dict[str, str]], words: str
) -> None:
    assert standing(replace(RECORD, state=state, begun=begun, results=results)).startswith(words)


def test_choices_stand_on_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    say_next("incline move sync x --yes   or   incline move cutover x --yes")
    print_error(InclineError("x: refused", code="INC-2112", next_step="this   or   that"))

    assert capsys.readouterr().err == (
        "next: incline move sync x --yes\n  or: incline move cutover x --yes\nerror INC-2112: x: refused\n  next: this\n    or: that\n"
    )
