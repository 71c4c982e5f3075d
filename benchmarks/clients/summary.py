"""What the clients of this folder print."""

from __future__ import annotations

import json
import math


def report(took_s: list[float], seconds: float, errors: int) -> None:
    """Print one line of JSON about the requests that were answered."""
    took_s.sort()
    latency = {
        name: took_s[max(math.ceil(quantile * len(took_s)), 1) - 1]
        for name, quantile in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999))
        if took_s
    }
    print(json.dumps({"requests": len(took_s), "seconds": seconds, "errors": errors, "latency_s": latency}))
