"""Bad histories: each is told in words, and what is left of it is used."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from infra.forecast.model import NoForecast
from infra.forecast.series import Series, read_days

FIRST = date(2026, 8, 1)


def days(values: list[float | None]) -> list[tuple[date, float | None]]:
    return [(FIRST + timedelta(days=n), value) for n, value in enumerate(values)]


def usable(found: Series | NoForecast) -> Series:
    assert isinstance(found, Series)
    return found


def codes(found: Series | NoForecast) -> list[str]:
    return [each.code for each in found.oddities]


def test_whole_days_have_nothing_odd() -> None:
    found = usable(read_days(days([5.0] * 20)))

    assert (found.first, found.last, found.oddities) == (FIRST, FIRST + timedelta(days=19), ())


def test_gaps_are_told_and_stay_unknown() -> None:
    found = usable(read_days([day for n, day in enumerate(days([5.0] * 30)) if n not in {7, 8}]))

    assert codes(found) == ["DSC-080"]
    assert np.flatnonzero(np.isnan(found.values)).tolist() == [7, 8]


@pytest.mark.parametrize("factor", [1, 1000])
def test_times_in_seconds_and_in_milliseconds_are_the_same_days(factor: int) -> None:
    noon = datetime(2026, 8, 1, 12, tzinfo=UTC).timestamp()
    found = usable(read_days([(factor * (noon + 86400 * n), 5.0) for n in range(20)]))

    assert (found.first, len(found.values)) == (FIRST, 20)
    assert codes(found) == (["DSC-081"] if factor == 1000 else [])


def test_times_that_no_calendar_has_are_left_out() -> None:
    found = usable(read_days([*days([5.0] * 20), (1e30, 5.0)]))

    assert "DSC-082" in codes(found)
    assert len(found.values) == 20


@pytest.mark.parametrize(("value", "code"), [(None, "DSC-083"), (float("nan"), "DSC-083"), (float("inf"), "DSC-083"), (-1.0, "DSC-084")])
def test_values_that_no_resource_has_are_left_out(value: float | None, code: str) -> None:
    found = usable(read_days(days([5.0] * 10 + [value] + [5.0] * 10)))

    assert codes(found) == [code, "DSC-080"]


def test_of_a_day_given_twice_the_larger_value_counts() -> None:
    found = usable(read_days([*days([5.0] * 20), (FIRST, 7.0)]))

    assert found.values[0] == 7.0
    assert codes(found) == ["DSC-085"]


def test_days_before_a_long_silence_do_not_count() -> None:
    late = [(FIRST + timedelta(days=n), 9.0) for n in range(60, 90)]
    found = usable(read_days([*days([5.0] * 20), *late]))

    assert found.first == FIRST + timedelta(days=60)
    assert codes(found) == ["DSC-086"]


def test_zeros_before_the_first_use_are_cut() -> None:
    found = usable(read_days(days([0.0] * 20 + [5.0] * 30)))

    assert found.first == FIRST + timedelta(days=20)
    assert codes(found) == ["DSC-087"]


def test_single_zeros_among_steady_days_were_not_measured() -> None:
    values: list[float | None] = [100.0] * 40
    values[10] = values[20] = 0.0
    found = usable(read_days(days(values)))

    assert codes(found) == ["DSC-088", "DSC-080"]
    assert np.isnan(found.values[[10, 20]]).all()


def test_a_machine_that_is_stopped_keeps_its_zeros() -> None:
    found = usable(read_days(days([100.0] * 40 + [0.0] * 4)))

    assert found.values[-1] == 0.0


@pytest.mark.parametrize("values", [[], [5.0] * 13, [None] * 40])
def test_too_little_gives_a_reason(values: list[float | None]) -> None:
    found = read_days(days(values))

    assert isinstance(found, NoForecast)
    assert "14" in found.reason


def test_more_gaps_than_days_give_a_reason() -> None:
    found = read_days([(FIRST + timedelta(days=3 * n), 5.0) for n in range(30)])

    assert isinstance(found, NoForecast)
    assert "missing" in found.reason
