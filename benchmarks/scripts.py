"""Scripts for the peers that want one."""

from __future__ import annotations

import json

from benchmarks.work import Work

WRK = """\
-- p99.9 is not in wrk's own summary. Only `done` is defined: a function for each request would slow it down.
done = function(summary, latency, requests)
    for _, percentile in ipairs({50, 90, 99, 99.9}) do
        io.write(string.format("percentile %g %d\\n", percentile, latency:percentile(percentile)))
    end
end
"""

LOCUST = """\
import os
from locust import FastHttpUser, constant_throughput, task

class Visitor(FastHttpUser):
    insecure = True
    if os.environ["EACH"]:
        wait_time = constant_throughput(float(os.environ["EACH"]))

    @task
    def ask(self):
        self.client.get(os.environ["ASK"])
"""


def k6(work: Work) -> str:
    """Return a script for k6: that many virtual users, or a constant arrival rate."""
    scenario: dict[str, object] = {
        "executor": "constant-vus",
        "vus": work.concurrency,
        "duration": f"{work.seconds}s",
    }
    if work.rate is not None:
        scenario = {
            "executor": "constant-arrival-rate",
            "rate": work.rate,
            "timeUnit": "1s",
            "duration": f"{work.seconds}s",
            "preAllocatedVUs": work.concurrency,
            "maxVUs": work.concurrency,
        }
    options = {
        "scenarios": {"all": scenario},
        "discardResponseBodies": True,
        "insecureSkipTLSVerify": True,
        "summaryTrendStats": ["p(50)", "p(90)", "p(99)", "p(99.9)"],
    }
    return (
        "import http from 'k6/http';\n"
        f"export const options = {json.dumps(options)};\n"
        f"export default function () {{ http.get({json.dumps(work.url)}); }}\n"
    )
