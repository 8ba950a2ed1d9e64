"""Budgets are exact in the long run and retries give up when it makes no sense to go on."""

import pytest

from migration.retry import Retry
from migration.throttle import Throttles, TokenBucket
from migration.types import PermanentError, TransientError


class Time:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_the_long_run_rate_is_the_bucket_s():
    time = Time()
    bucket = TokenBucket(100.0, clock=time, sleep=time.sleep)
    for _ in range(51):
        bucket.take(20)

    assert time.now == pytest.approx((51 * 20 - 100) / 100)


def test_a_block_larger_than_the_bucket_passes():
    time = Time()
    bucket = TokenBucket(10.0, clock=time, sleep=time.sleep)

    assert bucket.take(500) == pytest.approx(49.0)


def test_the_tightest_of_several_budgets_decides():
    slept = []
    link = Throttles({"wan": 1000.0, "esx-1": 10.0}, sleep=slept.append).on("wan", "esx-1", "unknown")
    link.take(1000)

    assert slept == [pytest.approx(99.0, abs=0.1)]


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="positive rate"):
        TokenBucket(0)


def test_only_what_passes_by_itself_is_tried_again():
    waits, left = [], [3]

    def shaky():
        left[0] -= 1
        if left[0]:
            raise TransientError("busy", code="INC-0000")
        return "done"

    assert Retry(sleep=waits.append, random=lambda: 1.0).call(shaky) == "done"
    assert waits == [0.2, 0.4]

    def wrong():
        raise PermanentError("wrong", code="INC-0000")

    with pytest.raises(PermanentError):
        Retry(sleep=waits.append).call(wrong)
    assert len(waits) == 2


def test_the_last_error_is_what_comes_out():
    tried = []

    def busy():
        tried.append(1)
        raise TransientError("busy", code="INC-0000")

    with pytest.raises(TransientError, match="busy"):
        Retry(attempts=4, sleep=lambda _: None).call(busy)
    assert len(tried) == 4
