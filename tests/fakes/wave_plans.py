"""Candidates, inputs and plans of a small town, each valid as it stands; a test changes one thing."""

from __future__ import annotations

from datetime import date
from typing import Any

from migration.waves.build import Inputs
from migration.waves.build_candidates import Candidate
from migration.waves.document import PlannedNight, PlannedServer, WavePlan
from migration.waves.programme import Programme

GIB = 1 << 30
TODAY = date(2026, 11, 25)
"""A Wednesday."""


def candidate(server: str = "desk-db-01", **changes: Any) -> Candidate:
    plain: dict[str, Any] = {
        "server": server,
        "machine": f"hall/{server}",
        "site": "hall",
        "target": "cloud",
        "direction": "up",
        "service": server.split("-", maxsplit=1)[0],
        "tier": "silver",
        "environment": "production",
        "disks": (10 * GIB, 90 * GIB),
        "cpus": 4,
        "memory": 16 * GIB,
        "then_cpus": 4,
        "then_memory": 16 * GIB,
        "then_type": "m6a.xlarge",
        "cluster": "main",
        "host": "esx-1",
        "datastores": (("vmfs-1", 2),),
        "saved_usd_month": 30.4375,
    }
    return Candidate(**{**plain, **changes})


def programme(**changes: Any) -> Programme:
    """Ten nights from Monday, 30 November, on every day; nothing is kept for early nights."""
    plain: dict[str, Any] = {
        "first_night": date(2026, 11, 30),
        "nights": 10,
        "weekdays": ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        "early": {"nights": 0},
    }
    return Programme.model_validate({**plain, **changes})


def inputs(*candidates: Candidate, **changes: Any) -> Inputs:
    plain: dict[str, Any] = {"candidates": candidates or (candidate(),), "today": TODAY, "programme": programme()}
    return Inputs(**{**plain, **changes})


def planned(server: str, night: date, **changes: Any) -> PlannedServer:
    plain: dict[str, Any] = {"server": server, "group": server.split("-", maxsplit=1)[0], "to": "cloud", "gb": 1.5, "chosen": night}
    return PlannedServer(**{**plain, **changes})


def wave_plan(**nights: Any) -> WavePlan:
    """Two nights with three servers, unless `nights` says otherwise."""
    first, second = date(2026, 12, 1), date(2026, 12, 3)
    plain: dict[str, Any] = {
        "estate": "village",
        "nights": (
            PlannedNight(night=first, servers=(planned("desk-app-01", first), planned("desk-db-01", first))),
            PlannedNight(night=second, servers=(planned("base-dns-01", second),)),
        ),
    }
    return WavePlan(**{**plain, **nights})
