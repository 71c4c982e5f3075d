"""What each peer prints or leaves behind, read into a Result. Every reader takes (output, folder).

Raises, all of them: ValueError, KeyError, OSError where the tool said something else than expected.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.work import PERCENTILES, Result


def wrk(output: str, folder: Path) -> Result:
    """Read wrk's summary and the lines of our script."""
    found = re.findall(r"^percentile ([\d.]+) (\d+)$", output, re.MULTILINE)
    bad = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    non_2xx = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return Result(
        requests=int(_find(r"(\d+) requests in ", output)),
        rps=float(_find(r"Requests/sec:\s+([\d.]+)", output)),
        errors=sum(map(int, bad.groups() if bad else ())) + int(non_2xx[1] if non_2xx else 0),
        latency_s={f"p{percentile}": int(value) / 1e6 for percentile, value in found},
    )


def h2load(output: str, folder: Path) -> Result:
    """Read h2load's summary, and its log of requests where there is one: start, status, time in µs."""
    log = folder / "h2load.log"
    latency: dict[str, float | None] = {}
    if log.exists():
        took = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
        latency = {name: took[_rank(name, len(took))] / 1e6 for name in PERCENTILES if took}
    done, failed = re.findall(r"(\d+) succeeded, (\d+) failed", output)[0]
    return Result(
        requests=int(done),
        rps=float(_find(r"finished in [^,]+, ([\d.]+) req/s", output)),
        errors=int(failed),
        latency_s=latency,
    )


def ab(output: str, folder: Path) -> Result:
    """Read ab's summary, and the file of its percentiles; that knows no p99.9."""
    rows = dict(line.split(",") for line in (folder / "ab.csv").read_text().splitlines()[1:])
    return Result(
        requests=int(_find(r"Complete requests:\s+(\d+)", output)),
        rps=float(_find(r"Requests per second:\s+([\d.]+)", output)),
        errors=int(_find(r"Failed requests:\s+(\d+)", output)),
        latency_s={f"p{row}": float(rows[row]) / 1e3 for row in ("50", "90", "99")},
    )


def hey(output: str, folder: Path) -> Result:
    """Read hey's summary; its times have four decimals of a second, and p99 is its last."""
    statuses = re.findall(r"\[(\d+)\]\s+(\d+) responses", output)
    failures = re.findall(
        r"^\s+\[(\d+)\]\s+(?!\d+ responses)\S", output.partition("Error distribution")[2], re.M
    )
    times = re.findall(r"(\d+)%+ in ([\d.]+) secs", output)
    return Result(
        requests=sum(int(count) for _, count in statuses),
        rps=float(_find(r"Requests/sec:\s+([\d.]+)", output)),
        errors=sum(map(int, failures)) + sum(int(n) for status, n in statuses if not status.startswith("2")),
        latency_s={f"p{percentile}": float(value) for percentile, value in times},
    )


def oha(output: str, folder: Path) -> Result:
    """Read oha's JSON."""
    document = json.loads(output)
    statuses: Mapping[str, int] = document["statusCodeDistribution"]
    # What the end of the time cut short is counted as an error by oha; every tool has that.
    errors = {text: n for text, n in document["errorDistribution"].items() if "deadline" not in text}
    requests = sum(statuses.values())
    return Result(
        requests=requests,
        rps=requests / document["summary"]["total"],
        errors=sum(errors.values()) + sum(n for status, n in statuses.items() if not status.startswith("2")),
        latency_s={name: document["latencyPercentiles"][name] for name in PERCENTILES},
    )


def bombardier(output: str, folder: Path) -> Result:
    """Read bombardier's JSON; times are in µs, and p99 is its last."""
    result = json.loads(output)["result"]
    times: Mapping[str, float] = result["latency"]["percentiles"]
    requests = sum(result[f"req{kind}xx"] for kind in range(1, 6))
    return Result(
        requests=requests,
        rps=requests / result["timeTakenSeconds"],
        errors=requests - result["req2xx"] + result["others"],
        latency_s={f"p{row}": times[row] / 1e6 for row in ("50", "90", "99")},
    )


def vegeta(output: str, folder: Path) -> Result:
    """Read what `vegeta report` makes of what the attack left; times are in ns, and p99 is its last."""
    document = json.loads(output)
    times = document["latencies"]
    good = document["status_codes"].get("200", 0)
    return Result(
        requests=good,
        rps=document["throughput"],
        errors=document["requests"] - good,
        latency_s={f"p{row}": times[f"{row}th"] / 1e9 for row in ("50", "90", "99")},
    )


def k6(output: str, folder: Path) -> Result:
    """Read k6's summary file; times are in ms. What it did not send in an open loop counts as errors."""
    metrics = json.loads((folder / "k6.json").read_text())["metrics"]
    times = metrics["http_req_duration"]
    dropped = metrics.get("dropped_iterations", {}).get("count", 0)
    return Result(
        requests=metrics["http_reqs"]["count"],
        rps=metrics["http_reqs"]["rate"],
        errors=metrics["http_req_failed"]["passes"] + dropped,  # "passes" says how often "failed" was true
        latency_s={f"p{row}": times[f"p({row})"] / 1e3 for row in ("50", "90", "99", "99.9")},
    )


def autocannon(output: str, folder: Path) -> Result:
    """Read autocannon's JSON; times are whole ms."""
    document = json.loads(output)
    times = document["latency"]
    return Result(
        requests=document["requests"]["total"],
        rps=document["requests"]["total"] / document["duration"],
        errors=document["errors"] + document["non2xx"],
        latency_s={f"p{row}": times[f"p{row.replace('.', '_')}"] / 1e3 for row in ("50", "90", "99", "99.9")},
    )


def locust(output: str, folder: Path) -> Result:
    """Read locust's JSON: how often each time in ms came, rounded."""
    (row,) = json.loads(output)
    times = sorted((float(took), count) for took, count in row["response_times"].items())
    latency: dict[str, float | None] = {}
    for name in PERCENTILES:
        left = _rank(name, row["num_requests"])
        for took, count in times:
            left -= count
            if left < 0:
                latency[name] = took / 1e3
                break
    seconds = row["last_request_timestamp"] - row["start_time"]
    return Result(row["num_requests"], row["num_requests"] / seconds, row["num_failures"], latency)


def own_client(output: str, folder: Path) -> Result:
    """Read what the clients in this folder's `clients` print."""
    document = json.loads(output)
    rps = document["requests"] / document["seconds"]
    return Result(document["requests"], rps, document["errors"], document["latency_s"])


def loadtop(output: str, folder: Path) -> Result:
    """Read loadtop's report."""
    document: dict[str, Any] = json.loads((folder / "loadtop.json").read_text())
    segment = document["segments"][-1]
    # What was still out at the end is no error in any other tool's book.
    errors = sum(count for kind, count in segment["errors"].items() if kind != "unfinished")
    statuses: Mapping[str, int] = segment["statuses"]
    bad = sum(count for status, count in statuses.items() if not status.startswith(("2", "3")))
    response = segment["latency_s"]["response"]
    return Result(
        requests=segment["requests"],
        rps=segment["throughput_rps"],
        errors=errors + bad,
        latency_s={name: response[name] for name in PERCENTILES},
    )


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"no {pattern!r} in what it printed")
    return match[1]


def _rank(percentile: str, count: int) -> int:
    """Return the index of a percentile, by the nearest rank, in `count` sorted values."""
    return max(math.ceil(float(percentile[1:]) / 100 * count - 1e-9), 1) - 1
