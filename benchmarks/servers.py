"""What is driven: the C server, nginx and the Go server, each on one core and fresh for every run.

Fresh, because every run then has a port of its own: the connections that the run before left in TIME_WAIT would
otherwise use up this machine's ports at 16,000 connections a run.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Literal, TypeAlias, get_args

from benchmarks import machine
from tests.targets.go import go_server
from tests.targets.oracle import Oracle, oracle

Kind: TypeAlias = Literal["tiny", "nginx", "go"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

GO_BODIES: Final = {4: "/ping"}
START_S: Final = 10.0
_PLACES: Final = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])

_NGINX: Final = """\
daemon off;
master_process off;
worker_rlimit_nofile 65536;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 32768; multi_accept on; }}
http {{
    access_log off;
    sendfile on;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    open_file_cache max=10;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port}{ssl} backlog=16384;
        {certificate}
        root {folder};
    }}
}}
"""


class NoServer(Exception):
    """A server cannot be had here; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs.

    Attributes:
        url: What to ask for.
        pid: Its process.
    """

    url: str
    pid: int


@contextmanager
def served(kind: Kind, *, body: int, tls: bool, core: int) -> Iterator[Served]:
    """Run a server on one core.

    Raises:
        NoServer: It is not installed, or cannot do this.
    """
    with tempfile.TemporaryDirectory(prefix="loadtop-bench-") as name:
        folder = Path(name)
        if kind == "go":
            if tls or body not in GO_BODIES:
                raise NoServer("the Go server speaks plain HTTP with a 4-byte body only; use --server nginx")
            with go_server(gomaxprocs=1) as server:
                machine.pin(server.pid, core)
                yield Served(server.url + GO_BODIES[body], server.pid)
            return
        if kind == "tiny":
            command, port = [str(tiny(tls=tls)), "0", str(body)], 0
            if tls:
                command += _make_certificate(folder)
        else:
            port = _free_port()
            command = _nginx(folder, port, body, tls)
        with subprocess.Popen(
            ["taskset", "-c", str(core), *command], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        ) as process:
            try:
                if not port:
                    assert process.stdout is not None
                    port = int(process.stdout.readline().rpartition(":")[2] or 0)
                _wait_for(port, process)
                path = "/" if kind == "tiny" else "/body"
                yield Served(f"{'https' if tls else 'http'}://127.0.0.1:{port}{path}", process.pid)
            finally:
                process.kill()


@contextmanager
def pinned_oracle(core: int) -> Iterator[Oracle]:
    """Run the oracle on one core."""
    with oracle() as server:
        machine.pin(server.pid, core)
        yield server


@functools.cache
def tiny(*, tls: bool = False) -> Path:
    """Return the compiled C server.

    Raises:
        NoServer: There is no C compiler, or no OpenSSL to compile with.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoServer("the C server needs a C compiler (cc); install one, or use --server go")
    source = Path(__file__).parent / "targets" / "tiny.c"
    cache = Path(tempfile.gettempdir()) / f"loadtop-bench-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    done = cache / f"tiny{'-tls' * tls}-{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}"
    if not done.exists():
        fresh = done.with_suffix(f".{os.getpid()}")
        command = [compiler, "-O2", "-o", str(fresh), str(source)]
        ran = subprocess.run(
            command + ["-DTLS", "-lssl", "-lcrypto"] * tls,
            check=not tls,
            stderr=subprocess.DEVNULL if tls else None,
        )
        if ran.returncode:
            raise NoServer("the C server needs OpenSSL's headers for TLS: apt-get install libssl-dev")
        fresh.replace(done)
    return done


def _nginx(folder: Path, port: int, body: int, tls: bool) -> list[str]:
    program = shutil.which("nginx", path=_PLACES)
    if program is None:
        raise NoServer("nginx is not installed: apt-get install nginx-light")
    (folder / "body").write_bytes(b"x" * body)
    certificate = ""
    if tls:
        shown, key = _make_certificate(folder)
        certificate = f"ssl_certificate {shown}; ssl_certificate_key {key};"
    text = _NGINX.format(folder=folder, port=port, ssl=" ssl" if tls else "", certificate=certificate)
    (folder / "nginx.conf").write_text(text)
    return [program, "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(folder / "nginx.conf")]


def _make_certificate(folder: Path) -> list[str]:
    """Make a certificate; return its file, and that of its key."""
    if shutil.which("openssl") is None:
        raise NoServer("TLS needs a certificate, and openssl to make one: apt-get install openssl")
    # An elliptic curve, as servers have today: a handshake with RSA costs the server ten times as much.
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    certificate, key = str(folder / "cert.pem"), str(folder / "key.pem")
    files = ["-keyout", key, "-out", certificate]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *names, *files],
        check=True,
        capture_output=True,
    )
    return [certificate, key]


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    deadline = monotonic() + START_S
    while monotonic() < deadline and process.poll() is None and port:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            sleep(0.02)
        else:
            return
    raise NoServer("the server did not start")
