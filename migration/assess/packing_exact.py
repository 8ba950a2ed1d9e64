"""Whether machines fit on so many hosts, as an integer programme for HiGHS. For hundreds of machines, not for thousands."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np

from migration.assess.sizing_use import Numbers


class _Quiet(highspy.Highs):  # type: ignore[misc]
    """HiGHS prints a header when its Python class enables callbacks, before anybody could switch output off."""

    def enableCallbacks(self) -> None:  # noqa: N802
        """Silence first."""
        self.silent()
        super().enableCallbacks()


def packed_into(shares: Numbers, groups: Sequence[str], hosts: int, seconds: float) -> list[list[int]] | None:
    """Members of each host, or None when there is no such packing or none was found in time.

    Every machine is on one host, no resource of a host is overfull, and members of a group are apart. Hosts are alike, so the largest
    machine stands on the first.
    """
    model = _Quiet()
    model.setOptionValue("time_limit", seconds)
    model.setOptionValue("threads", 1)
    model.setOptionValue("mip_feasibility_tolerance", 1e-7)
    machines, resources = shares.shape
    count = machines * hosts
    first = int(shares.max(axis=1).argmax())
    upper = np.ones(count)
    upper[first * hosts + 1 : (first + 1) * hosts] = 0.0
    model.addVars(count, np.zeros(count), upper)
    model.changeColsIntegrality(count, np.arange(count, dtype=np.int32), np.array([highspy.HighsVarType.kInteger] * count))
    for machine in range(machines):
        _row(model, 1.0, 1.0, [machine * hosts + h for h in range(hosts)], [1.0] * hosts)
    for host in range(hosts):
        for resource in range(resources):
            _row(model, -highspy.kHighsInf, 1.0, [m * hosts + host for m in range(machines)], shares[:, resource].tolist())
        for group in sorted(set(groups) - {""}):
            inside = [m * hosts + host for m in range(machines) if groups[m] == group]
            if len(inside) > 1:
                _row(model, -highspy.kHighsInf, 1.0, inside, [1.0] * len(inside))
    model.run()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    at = np.asarray(model.getSolution().col_value).reshape(machines, hosts).argmax(axis=1)
    return [[m for m in range(machines) if at[m] == h] for h in range(hosts)]


def _row(model: highspy.Highs, low: float, high: float, columns: list[int], values: list[float]) -> None:
    model.addRow(low, high, len(columns), np.array(columns, dtype=np.int32), np.array(values))
