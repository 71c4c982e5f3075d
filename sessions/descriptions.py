"""What every key of the report means. `sessions.schema` puts it into the JSON Schema; a test keeps it whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.wire import ERROR_KINDS

DESCRIPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Session": {
        "schema": "Format of this file. The number changes only when older readers would be misled.",
        "id": "Unique; sorts by the time the run began.",
        "name": "What the user calls the run.",
        "note": "What the user says of the run.",
        "created": "When the run began, UTC.",
        "duration_s": "How long the run lasted, pauses included, in seconds.",
        "state": "The run's state when this was written; 'done' for a run that came to its end, 'interrupted' "
        "for one that was cut off and recovered from its journal.",
        "tool": "What measured.",
        "plan": "What was asked for.",
        "environment": "Where it was measured.",
        "last_error": "Text of the last error; empty if there was none.",
        "events": "What happened to the run, oldest first.",
        "segments": "Stretches with unchanged settings, oldest first. Figures never blend two of them.",
        "seconds": "The time series, oldest first, warm-up included.",
        "pauses": "Every recovered stop-the-world pause of the target's garbage collector, oldest first.",
        "profiles": "CPU profiles of the target that were asked for, oldest first.",
        "traces": "Execution traces of the target, oldest first: what stopped it, and when.",
        "result": "The segment that speaks for the run: the last that settled, else the last that measured.",
        "slos": "Objectives that were set, and whether the segment of the result met them.",
        "repeats": "Of repeated runs, the result of each that came to its end; the rest of the session is of "
        "the last one. Empty for a single run.",
        "repeated": "What those runs say together.",
        "experiments": "Settings that were tried in turn, and what came of it, oldest first.",
        "checksum": "'sha256:' and the SHA-256, hexadecimal, of this document without white space and without "
        "this key, which is the last. Taken out, nothing is checked.",
    },
    "Tool": {
        "version": "Version of loadtop.",
        "python": "Version of Python.",
        "packages": "Versions of the packages that can move a figure, by name.",
    },
    "KeptPlan": {
        "target": "The URL under load, without user info, fragment and values that look like secrets.",
        "method": "HTTP method of the requests.",
        "http": "HTTP version of the requests.",
        "secrets_kept": "Whether --keep-secrets was given: then secrets are in the target, headers and texts.",
        "headers": "Headers given by the user as [name, value]; secret values are '[redacted]'.",
        "body_bytes": "Length of the request's body in bytes; the body itself is not kept.",
        "body_sha256": "SHA-256 of the request's body, hexadecimal; null if it had none.",
        "keepalive": "Whether connections carry more than one request.",
        "tls": "How connections were encrypted; null if they were not.",
        "spin": "Whether the workers of an open loop waited for the next send without sleeping.",
        "workers": "Worker processes that made the load.",
        "cpus": "Cores that the workers were pinned to, in turn; empty for no pinning.",
        "timeout_s": "Longest wait for an answer, in seconds.",
        "duration_s": "Time the run was to take, in seconds; null for no limit.",
        "requests": "Answers after which the run was to end; null for no limit.",
        "warmup": "What the figures of a segment leave out at its begin.",
        "load": "The load at the start; later changes are in 'events' and 'segments'.",
        "note": "What a reader of the figures should know, such as that the target simulates a warm-up.",
    },
    "KeptTls": {
        "server_name": "The name that the certificate had to be for.",
        "verify": "Whether the server's certificate was checked.",
        "own_ca": "Whether other authorities than the system's were trusted.",
        "client_certificate": "Whether the client had a certificate of its own.",
    },
    "Load": {
        "mode": "'closed': each connection sends the next request when it has the answer. "
        "'open': requests are due at a rate, whatever the answers do.",
        "concurrency": "Closed: connections, each with one request at a time. Open: the most connections.",
        "rate": "Open: requests due a second; null in a closed loop.",
        "arrivals": "Open: gaps between requests, exponential or equal; null in a closed loop.",
    },
    "Warmup": {
        "kind": "'auto': what came before latency settled; 'none': nothing; 'time' and 'answers': so much.",
        "time_s": "The time, in seconds; null for other kinds.",
        "answers": "The number of answers; null for other kinds.",
    },
    "Environment": {
        "generator": "The machine that made the load.",
        "target": "The service under load, as far as it was known.",
    },
    "Generator": {
        "cpu": "Model of the CPU.",
        "cores": "Logical cores of the machine.",
        "usable_cores": "Logical cores that this process was allowed to run on.",
        "memory_bytes": "Memory of the machine in bytes; null if not known.",
        "kernel": "Name and release of the kernel.",
        "governor": "What sets the CPU's clock, such as 'performance'; empty if not known.",
        "container": "Runtime of the container that loadtop ran in; empty if it ran in none.",
        "vm": "Hypervisor of the virtual machine; 'unknown' if only that there is one; empty if there is none.",
        "cgroup_cpus": "CPU time that cgroups allowed the generator, in cores; null for no limit.",
        "cgroup_memory_bytes": "Memory that cgroups allowed the generator, in bytes; null for no limit.",
        "loopback_mtu": "MTU of the loopback interface, in bytes; null if not known.",
        "ulimit_nofile": "Most open files of a process, connections included; null for no limit.",
        "answers_timed_by": "What says when an answer's last byte was there: the 'kernel', on its arrival, or "
        "the 'worker', when it had read it: later by the time to wake up. Empty if nothing was measured.",
    },
    "KeptTarget": {
        "pid": "Process id on this host; null if it is elsewhere or was not found.",
        "command": "Command line of that process, without what looks like a secret.",
        "runtime": "Language runtime and its version.",
        "gomaxprocs": "GOMAXPROCS of a Go target; null if not known.",
        "same_host": "Whether the target ran on the machine that made the load.",
        "probe": "Where the runtime was read, or why it was not.",
        "granularity": "What that source tells of pauses: 'every' one, a 'histogram' of them, 'mean+max', "
        "their 'mean', only the 'count' of collections, or 'none'.",
    },
    "SloFigures": {
        "expr": "The objective as it was set, such as 'p99<5ms'.",
        "unit": "What its figure is in: 's', '1/s', 'share' (of 1) or 'bytes'.",
        "value": "The figure it is about; null if there is none.",
        "low": "Lower end of the figure's 95 % interval; null if it has none.",
        "high": "Upper end of it.",
        "verdict": "'met' or 'missed' where the whole interval is on one side of the limit, "
        "else 'not-enough-data'.",
        "reason": "Why, where that needs saying.",
        "lenient": "Whether 'not-enough-data' was let pass.",
    },
    "RepeatedFigure": {
        "figure": "'p99' or 'p50' in seconds, or 'throughput' in answers a second.",
        "values": "Of each run that counts; one in which the generator was the bottleneck does not.",
        "median": "Of these.",
        "low": "Lower end of its 95 % band; null with fewer than three runs.",
        "high": "Upper end of it.",
        "half_pct": "Half of the band in percent of the median.",
        "resolution_pct": "The smallest difference, in percent, that as many runs on each side could prove.",
        "words": "The same in words.",
    },
    "Experiment": {
        "kind": "'abba': two loads in balanced pairs; 'double-workers': as many workers and twice as many.",
        "state": "Whether it came to its end.",
        "why": "Why it was aborted; empty if it was not.",
        "start_s": "When it began, in seconds since the run began.",
        "end_s": "When it ended.",
        "a": "The setting that was in force before and after it.",
        "b": "The other one.",
        "period_s": "How long each leg was measured, in seconds.",
        "gap_s": "What was left out after each switch at the end, in seconds.",
        "legs": "Stretches with one of the settings, in their order; two are a pair.",
        "effects": "What B did, compared with A; empty if it was aborted.",
        "notes": "What must be known beside the effects.",
        "words": "The outcome in words.",
    },
    "Setting": {
        "name": "'A' or 'B'.",
        "load": "The load.",
        "workers": "Worker processes.",
    },
    "LegFigures": {
        "setting": "Which of the two.",
        "start_s": "When it began to count, in seconds since the run began.",
        "end_s": "When it ended.",
        "requests": "Answers to requests that were due in it, of any status.",
        "throughput_rps": "The same a second.",
        "p50_s": "Median response time in seconds; null if there were too few samples.",
        "p99_s": "99 % took no longer; null if there were too few samples.",
        "client_bound": "Whether the generator was seen to be the bottleneck; its pair does not count then.",
    },
    "Effect": {
        "figure": "'p99', 'p50' or 'throughput'.",
        "kind": "'real': it differs by more than 5 %; 'changed': it differs, by how much is not clear; 'same': "
        "by less than 5 %; 'cannot-tell': more pairs are needed.",
        "pairs": "Pairs that counted.",
        "change_pct": "B compared with A, in percent; null if there is none.",
        "low_pct": "Lower end of its 95 % interval; of two pairs, the lesser.",
        "high_pct": "Upper end of it.",
        "words": "The same in words.",
        "reasons": "What the verdict rests on, or what stands in its way.",
    },
    "Event": {
        "at_s": "When, in seconds since the run began.",
        "kind": "What kind of event, such as 'load', 'pause' or 'mark'.",
        "text": "The event in words.",
        "from": "The load before a change of load; null for other events.",
        "to": "The load after a change of load; null for other events.",
    },
    "SegmentFigures": {
        "index": "Number of the segment, from 0.",
        "start_s": "When it began, in seconds since the run began.",
        "end_s": "When it ended, in seconds since the run began.",
        "load": "The settings in force.",
        "state": "Whether latency settled. 'settled': yes; 'shifted', 'drifting', 'noisy', 'overloaded', "
        "'no-steady-state': no, and how; 'starting', 'warming', 'settling': it ended before that could "
        "be said; 'not-judged': nobody asked.",
        "steadiness": "What stands behind the state.",
        "settled_at_s": "From when on latency was steady, in seconds since the run began; "
        "null if it did not settle.",
        "counted_from_s": "From when on the figures count, in seconds since the run began, as the plan's "
        "'warmup' asks; null if there is no such part: then they cover all of it.",
        "requests": "Answered requests, whatever their status.",
        "throughput_rps": "Answered requests a second.",
        "throughput_ci95_rps": "Its 95 % confidence interval as [lower, upper]; null if too short to say.",
        "bytes_in": "Bytes received.",
        "statuses": "Answers by HTTP status.",
        "errors": "Requests that got no answer, by kind: " + ", ".join(ERROR_KINDS) + ".",
        "retried": "Requests sent a second time: the target had closed the idle connection of the first.",
        "resumed": "Connections opened by resuming an earlier one's TLS session.",
        "latency_s": "Latencies in seconds.",
        "calibration": "p99 with everything in it and p99 of the service alone, and what is between them; "
        "null if nobody asked.",
        "client": "What the generator says of itself.",
        "target": "What the load did to the target.",
        "unstable": "Figures whose first and second half of the settled part differ for real: "
        "no baseline to compare with.",
        "tail": "What may have made its slow requests slow; null where nothing could be known of that.",
        "probed": "Whether the target was polled for its runtime meanwhile.",
        "histogram": "HdrHistogram V2, compressed, base64, values in nanoseconds, by kind of latency.",
    },
    "Steadiness": {
        "reason": "Why it is in its state, in words; empty where that says all.",
        "progress": "How near it came to being settled, 0 to 1: the margin of 5 % over what was not known yet.",
        "eta_s": "Seconds more that it should have taken to settle; null where that could not be foreseen.",
        "settle_s": "Seconds it took to settle, from the segment's begin; null if it did not.",
        "direction": "Where latency was going: 'rising' or 'falling'; null once that was over.",
        "drift_pct_per_min": "Drift of the window last looked at, in percent a minute; null before the first.",
        "unsure_pct": "The drift over that window was no larger than this, in percent; null before the first.",
        "shift_pct": "Size of the last jump to another level, in percent; null if there was none.",
        "shift_at_s": "When that was, in seconds since the run began; null if there was none.",
        "period_s": "Period of a latency that goes round in circles, in seconds; null if it does not.",
        "backlog": "Requests due and not answered, where they became more and more; else null.",
        "warmup": "What starting cost; null if it did not settle.",
        "hindsight": "What the median did, seen from the segment's end; null before, and of under 30 points.",
    },
    "Hindsight": {
        "course": "'flat': one level within 5 %; 'warm-up': higher ones before the last; 'slow-down': lower "
        "ones before it; 'no-steady-state': none that was kept for the last quarter.",
        "since_s": "From when on it kept its last level, in seconds since the run began.",
    },
    "WarmUp": {
        "first_second_pct": "By how much the mean response time of the first second was above the settled "
        "part's, in percent; null if nothing was answered.",
        "first_ten_seconds_pct": "The same of the first ten seconds.",
    },
    "Backlog": {
        "requests": "How many were waiting at the end.",
        "growth_rps": "How many more they became each second.",
        "capacity_rps": "How many requests a second were answered meanwhile: what the target can do.",
    },
    "LatencySet": {
        "response": "Last byte minus the time the request was due (closed loop: was sent).",
        "service": "Last byte minus the time the request was sent. Equals 'response' in a closed loop.",
        "failed": "Response time of answers with a status of 400 and above, which 'response' leaves out; "
        "null if there were none.",
        "lag": "How late the generator itself was; null in a closed loop, which has no schedule.",
        "connect": "Opening a connection: name, TCP and TLS; null if none was opened.",
    },
    "Latency": {
        "count": "Samples, the censored ones included.",
        "censored": "Requests without an answer; they count as slower than every answer.",
        "min": "Shortest of the answered.",
        "mean": "Mean of the answered.",
        "p50": "Half are no longer than this; null if there were too few samples to say, as for all "
        "percentiles. One that falls among the censored is `bound`.",
        "p90": "90 % are no longer than this.",
        "p95": "95 % are no longer than this.",
        "p99": "99 % are no longer than this; null until enough pauses stand behind it.",
        "p99.9": "99.9 % are no longer than this.",
        "p99.99": "99.99 % are no longer than this.",
        "max": "Longest; a lower bound where requests are censored.",
        "bound": "Percentiles and `max` equal to or above this are lower bounds, because requests without an "
        "answer lie there; null if nothing is censored.",
        "ci95": "95 % confidence interval of each percentile that has one, as [lower, upper].",
        "at_least": "Lower end of the interval, by percentile, where too little was seen for an upper one.",
        "worth": "As how many independent samples these count, by percentile: in a queue neighbours are alike.",
        "needs_s": "How many seconds more would have given the percentile, or its interval, by percentile.",
    },
    "Calibration": {
        "raw_p99_s": "p99 in seconds of everything that was asked for: answers of any status, requests without "
        "one as slower than all others, set-up of connections, first attempts that were lost, the warm-up; "
        "null if there were too few samples.",
        "raw_at_least": "Whether that is a lower bound, because it is among requests without an answer.",
        "calibrated_p99_s": "p99 in seconds of successful answers on open connections, without the warm-up; "
        "null if there were too few.",
        "left_out": "What is between the two, in the order in which it is left out; effects add up to the "
        "difference.",
    },
    "LeftOut": {
        "what": "What is left out.",
        "count": "How often it occurred.",
        "in_response": "Whether the percentiles of the response time count it.",
        "p99_effect_s": "By how much p99 falls when it is left out, in seconds; null if there were too few "
        "samples.",
        "at_least": "Whether that is a lower bound.",
    },
    "ClientFigures": {
        "verdict": "'client-bound': the generator, not the target, was the bottleneck, and latencies are too "
        "high, throughput too low. 'tight': nearly so.",
        "reasons": "What the verdict rests on, in words.",
        "cpu_pct": "CPU time of the busiest worker over wall time, in percent of a core; null if not known.",
        "bound_s": "Seconds in which the generator was seen to be the bottleneck.",
        "ceiling_rps": "Requests a second that its workers reached, before the run, against a server that does "
        "nothing; null if that was not asked for (--ceiling).",
    },
    "TargetFigures": {
        "cpu_pct": "CPU time of the process over wall time, in percent: 200 is two cores; null if not seen.",
        "rss_bytes": "Resident memory of the process in bytes; null if not seen.",
        "gc": "Garbage collections; null if not seen.",
        "open_files_max": "Most open files and sockets at once; null if not seen.",
        "major_faults_per_s": "Page faults a second that waited for a disk; null if not seen.",
        "threads": "Threads of the process and its children: waiting, switching, moving; null if not seen.",
        "container": "The control group and its limits; null if the process is in none, or was not seen.",
        "host": "The machine that the target runs on; null if it was not seen.",
    },
    "ThreadFigures": {
        "max": "Most threads at once.",
        "voluntary_switches_per_s": "Context switches a second because a thread had to wait for something; "
        "null if not known, as for all that follow.",
        "involuntary_switches_per_s": "Context switches a second because a core was taken from a thread.",
        "runqueue_wait_s_per_s": "Time that threads were ready to run and had no core, summed over all of "
        "them, in seconds per second of wall time.",
        "runqueue_wait_pct": "The same per thread that ran, in percent of wall time.",
        "migrations_per_s": "Moves of a thread from one core to another, a second.",
        "migrations_by": "Who counted the moves: 'tracepoint' (sched:sched_migrate_task), or 'proc' "
        "(se.nr_migrations of each thread, which misses threads that end between two looks).",
        "affinity_stability": "Moves per timeslice, a timeslice being one turn of a thread on a core: 0 where "
        "no thread ever changed its core.",
        "cpu_skew_ratio": "How evenly the CPU time lay on the allowed cores: its entropy over that of an even "
        "spread. 1 is even, 0 is all on one; null where only one is allowed.",
        "allowed_cpus": "Cores that the threads may run on (sched_getaffinity).",
    },
    "ContainerFigures": {
        "version": "Kind of the control group's hierarchy: 'v1' or 'v2'.",
        "cpu_limit": "CPU quota in cores, the tightest of the group and those above it; null for none.",
        "throttled_share": "Of the quota's enforcement periods, the share that ended with the target held; "
        "null without a quota.",
        "throttled_s": "How long the quota held the target, in seconds summed over cores; null without one.",
        "memory_bytes": "Memory charged to the group, caches included; null if not known.",
        "memory_limit_bytes": "The tightest memory limit; null for none.",
        "cpus": "Cores that the group's cpuset allows; null if not known.",
    },
    "HostFigures": {
        "cores": "Cores.",
        "busy_pct": "Mean share of all cores' time that was not idle, in percent.",
        "user_pct": "Of it: programs.",
        "system_pct": "Of it: the kernel on their behalf, hard interrupts included.",
        "softirq_pct": "Of it: the kernel's deferred work, such as network packets.",
        "steal_pct": "Of it: time for which a core was wanted and given to another virtual machine.",
        "cpu_pressure_pct": "Share of the time in which some task waited for a core (PSI); null if not known.",
        "available_bytes_min": "Least memory that was available; null if not known.",
    },
    "MeanMax": {
        "mean": "Mean of the samples, one a second.",
        "max": "Largest of the samples.",
    },
    "TailFigures": {
        "slower_than_s": "What slow means: the segment's p99 in seconds.",
        "causes": "What happened while slow requests were in flight.",
    },
    "CauseFigures": {
        "what": "'gc-pause': the target's collector stopped it; 'throttled': its container was held back for "
        "having used up its share of the CPU; 'poll': loadtop read its runtime.",
        "slow": "Slow requests of which it is known.",
        "share": "Of those, the share that was in flight during it, 0 to 1.",
        "chance": "The share that requests of the same lengths would have, had they begun at random moments.",
    },
    "GcFigures": {
        "count": "Collections that ended within the stretch.",
        "pause_s": "Stop-the-world time per collection, in seconds.",
        "lost": "Collections that happened but whose pause is not known.",
        "granularity": "What the source tells of pauses: 'every' one, a 'histogram' of them, 'mean+max', their "
        "'mean', or only the 'count' of collections. Where it is not 'every', figures that it does not give "
        "are null, and collections are counted where the middle of the time between two looks was.",
    },
    "PauseFigures": {
        "mean": "Mean; null if the source does not tell, as for all of these.",
        "p99": "99 % are no longer than this; null until enough pauses stand behind it.",
        "max": "Longest.",
        "total": "Sum.",
        "p99_at_most": "From a histogram: 99 % are certainly no longer than this, a bound and no percentile.",
    },
    "Second": {
        "t_s": "Begin of the row, in seconds since the run began.",
        "span_s": "Length of the row in seconds: 1, unless the segment ended within it.",
        "segment": "The segment it belongs to; null while no load was sent.",
        "done": "Answers that arrived in it.",
        "errors": "Requests that ended in it without an answer.",
        "bytes_in": "Bytes received in it.",
        "p50": "Response time in seconds of the requests that were due in it: half took no longer; null if "
        "there were too few of them, as for all percentiles.",
        "p90": "90 % took no longer.",
        "p99": "99 % took no longer.",
        "p99.9": "99.9 % took no longer.",
        "max": "The longest took this.",
        "cpu_pct": "Busy share of each core of the machine that made the load, in percent.",
        "rss_bytes": "Resident memory of the target's process; null if not seen. Left out beside "
        "'target_cpu_pct' where it is within a hundredth of what was written last.",
        "target_cpu_pct": "CPU time of the target's process over wall time, in percent; null if not seen.",
        "gc_count": "Garbage collections of the target that ended in it.",
        "gc_pause_s": "Sum of their stop-the-world times, in seconds.",
        "spectrum": (
            "How many answers took how long, in 12 rows a decade from 1 µs on: a colon, then digits to the "
            "base 64 (RFC 4648). The first is half the number of the first row. A row's level is "
            "1.5 log2(1 + count), rounded; digits say by how much it is above that of the row before (of the "
            "first: above 0). In their order 27 stand for each three steps of -1 to 1, 25 for each two of -2 "
            "to 2, 11 for each one of -5 to 5, the last step counting up quickest; the 64th says that the next "
            "digit is the level itself. "
            "Empty where no request that was due in it was answered."
        ),
        "threads": "Threads of the target; left out if not seen, as is every key of a row at its default, and "
        "beside 'target_cpu_pct' where they are as many as was written last.",
        "throttled_s": "Time for which a CPU quota held the target, in seconds summed over cores; left "
        "out where it did not.",
        "throttled_periods": "Enforcement periods of the quota that ended with the target held.",
        "heap_bytes": "Heap in use at the newest look; null if not known, as for the next three.",
        "heap_goal_bytes": "Heap at which the next collection starts, or the largest heap there may be; left "
        "out beside 'heap_bytes' where it is within a hundredth of what was written last.",
        "goroutines": "Goroutines at the newest look; left out beside 'heap_bytes' where they are as many as "
        "was written last.",
        "series": "Newest values of the series that the user chose, by name; of counters, a second.",
    },
    "CpuProfile": {
        "at_s": "When it began, in seconds since the run began.",
        "asked_s": "How long it was asked for, in seconds.",
        "seconds": "How long it lasted by its own account, in seconds; null if it does not say.",
        "sample_type": "What its values are of, as its maker calls it; 'cpu' is time on a core.",
        "unit": "Unit of its values.",
        "total": "Sum of all its values, the dropped ones included.",
        "dropped": "Sum of the values of stacks that are not kept: half a percent at most, unless there are "
        "more than 5000 different stacks.",
        "dropped_stacks": "How many different stacks are not kept.",
        "frames": "The functions in its stacks.",
        "stacks": "Call stacks, the heaviest first, as [value, frame, frame, ...]: indexes into 'frames', the "
        "outermost call first.",
    },
    "Trace": {
        "at_s": "When its first event was, in seconds since the run began.",
        "asked_s": "How long it was asked for, in seconds.",
        "span_s": "From its first event to its last, in seconds.",
        "format": "Number of Go's trace format.",
        "clock": "What its times rest on. 'monotonic': the clock that requests were timed with, so both can be "
        "compared; 'wall': the wall clocks of two machines; 'arrival': when it was asked for.",
        "cut": "Whether it ends in the middle.",
        "stw": "Stops of the world: moments in which the whole target stood still, by their begin.",
        "gc_cycles": "Garbage collections, by their begin.",
    },
    "Result": {
        "segment": "Index of the segment; null if nothing was measured, and then the rest says nothing.",
        "settled": "Whether that segment settled.",
        "start_s": "When it began, in seconds since the run began.",
        "end_s": "When it ended, in seconds since the run began.",
        "load": "The settings in force; null if nothing was measured.",
        "state": "As in the segment.",
        "settled_at_s": "As in the segment.",
        "steadiness": "What stands behind the state.",
        "counted_from_s": "As in the segment.",
        "requests": "Answered requests, whatever their status.",
        "throughput_rps": "Answered requests a second.",
        "throughput_ci95_rps": "Its 95 % confidence interval as [lower, upper]; null if too short to say.",
        "bytes_in": "Bytes received.",
        "statuses": "Answers by HTTP status.",
        "errors": "Requests that got no answer, by kind: " + ", ".join(ERROR_KINDS) + ".",
        "retried": "Requests sent a second time: the target had closed the idle connection of the first.",
        "resumed": "Connections opened by resuming an earlier one's TLS session.",
        "latency_s": "Latencies in seconds.",
        "calibration": "p99 with everything in it and p99 of the service alone, and what is between them; "
        "null if nobody asked.",
        "client": "What the generator says of itself.",
        "target": "What the load did to the target.",
        "unstable": "As in the segment.",
        "tail": "What may have made its slow requests slow; null where nothing could be known of that.",
        "probed": "Whether the target was polled for its runtime meanwhile.",
    },
}
"""Name of the struct to key to meaning."""

ROWS: Final[Mapping[str, str]] = {
    "Frame": "One function as [name, file, line]: the line it begins at, 0 if not known.",
    "Stop": "One stop of the world as [kind, begin, length]: as Go calls it, in seconds since the run "
    "began, and in seconds.",
    "Cycle": "One garbage collection as [begin, length, whole]: in seconds since the run began, in seconds, "
    "and whether all of it lies within the trace.",
    "Pause": "One pause as [end, length]: when it ended in seconds since the run began, and how long it was.",
}
"""Structs that are arrays in the file, and so have no keys."""
