"""What a process tree costs, as Linux tells it: processor time by thread, and proportional memory."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for task in Path(f"/proc/{one}/task").iterdir():
            waiting += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree so far."""
    return sum(_cpu(Path(f"/proc/{one}/stat")) for one in tree(pid))


def cpu_of_threads(pid: int, threads: list[int]) -> float:
    """The same of some threads of one process. In nanoseconds inside, so that short steps count."""
    total = 0.0
    for thread in threads:
        schedstat = Path(f"/proc/{pid}/task/{thread}/schedstat")
        total += int(schedstat.read_text().split()[0]) / 1e9
    return total


def pss_megabytes(pid: int) -> float:
    """Proportional set size of the tree: shared pages count by their share."""
    kilobytes = 0
    for one in tree(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


def _cpu(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK
