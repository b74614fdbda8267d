"""The load generator's process: ``python -m bench.load`` takes a job as JSON, warms up, and waits to be started.

Protocol on its pipes, a line each: job in, ``ready`` out, ``go`` in, result out. The one who started it reads
the server's clocks between ``ready`` and ``go`` and again after the result.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys

from bench.conversations import of_job
from bench.wire import Load, Unexpected


def main() -> int:
    job = json.loads(sys.stdin.readline())
    load = Load("127.0.0.1", job["port"], job["ca_file"], job["connections"])
    try:
        begin = of_job(job)
        warm = load.run(begin, seconds=job["warm_seconds"], most=job["warm_most"])
        job["first_guest"] = job.get("first_guest", 0) + warm.conversations
        gc.freeze()
        print("ready", flush=True)
        if not sys.stdin.readline().startswith("go"):
            return 1
        before = _own_cpu()
        tally = load.run(begin, seconds=job["seconds"], most=job["most"])
        own = _own_cpu() - before
    except Unexpected as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    finally:
        load.close()
    latencies = sorted(tally.latencies)
    print(
        json.dumps(
            {
                "conversations": tally.conversations,
                "requests": tally.requests,
                "seconds": tally.seconds,
                "own_cpu": own,
                "p50": statistics.median(latencies),
                "p99": latencies[int(len(latencies) * 0.99)],
            }
        ),
        flush=True,
    )
    return 0


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
