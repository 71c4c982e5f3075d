"""What differs between two sessions beside the target's answers: first to be read in any comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sessions.compare.model import Difference
from sessions.format import digits, plural, size, trim
from sessions.model import Generator, KeptPlan, Session

UNKNOWN: Final = "not known"


def differences(sessions: Sequence[Session]) -> list[Difference]:
    """Return what is not the same in all of these sessions, the weightiest first."""
    found = []
    for what, read, weighty in _ASPECTS:
        values = tuple(read(session) or UNKNOWN for session in sessions)
        if len(set(values)) > 1:
            found.append(Difference(what=what, values=values, weighty=weighty))
    return found


def confines_words(machine: Generator) -> str:
    """Return what held the generator in, in words; "" where nothing is known to have."""
    parts = [
        machine.container,
        _virtual(machine),
        f"{trim(digits(machine.cgroup_cpus))} CPUs allowed" if machine.cgroup_cpus is not None else "",
        f"{size(machine.cgroup_memory_bytes)} allowed" if machine.cgroup_memory_bytes is not None else "",
        f"governor {machine.governor}" if machine.governor else "",
    ]
    return ", ".join(filter(None, parts))


def _virtual(machine: Generator) -> str:
    return (
        "virtual machine"
        if machine.vm == "unknown"
        else f"virtual machine ({machine.vm})"
        if machine.vm
        else ""
    )


def _limits(session: Session) -> str:
    machine = session.environment.generator
    cpus = "no CPU limit" if machine.cgroup_cpus is None else f"{trim(digits(machine.cgroup_cpus))} CPUs"
    memory = machine.cgroup_memory_bytes
    return f"{cpus}, {'no memory limit' if memory is None else size(memory)}"


def _tls(plan: KeptPlan) -> str:
    if plan.tls is None:
        return "none"
    return "certificate checked" if plan.tls.verify else "certificate not checked"


def _cores(session: Session) -> str:
    machine = session.environment.generator
    return f"{machine.usable_cores or machine.cores} of {machine.cores}" if machine.cores else ""


_ASPECTS: Final[Sequence[tuple[str, Callable[[Session], str], bool]]] = (
    ("CPU", lambda one: one.environment.generator.cpu, True),
    ("cores", _cores, True),
    ("kernel", lambda one: one.environment.generator.kernel, True),
    ("governor", lambda one: one.environment.generator.governor, True),
    ("cgroup limits", _limits, True),
    ("container", lambda one: one.environment.generator.container or "none", True),
    ("virtual machine", lambda one: one.environment.generator.vm or "none", True),
    ("loadtop", lambda one: one.tool.version, True),
    ("same machine", lambda one: "yes" if one.environment.target.same_host else "no", True),
    ("GOMAXPROCS", lambda one: str(one.environment.target.gomaxprocs or ""), True),
    ("runtime", lambda one: one.environment.target.runtime, False),
    ("answers timed by", lambda one: one.environment.generator.answers_timed_by, True),
    ("HTTP", lambda one: one.plan.http, True),
    ("TLS", lambda one: _tls(one.plan), True),
    ("keep-alive", lambda one: "yes" if one.plan.keepalive else "no", True),
    ("method", lambda one: one.plan.method, True),
    ("body", lambda one: f"{size(one.plan.body_bytes)} {(one.plan.body_sha256 or '')[:8]}".strip(), True),
    ("target", lambda one: one.plan.target, False),
    ("command", lambda one: one.environment.target.command, False),
    ("workers", lambda one: plural(one.plan.workers, "worker"), True),
    ("time-out", lambda one: f"{digits(one.plan.timeout_s)} s", False),
    ("note", lambda one: one.note or "none", False),
)
"""Name, how it reads in a session, and whether it may by itself explain a difference."""
