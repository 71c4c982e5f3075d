"""TLS as the client of a target sees it."""

from __future__ import annotations

import ssl

from engine.plan import Tls


def client_context(tls: Tls) -> ssl.SSLContext:
    """Return the context for connections to the target.

    Raises:
        OSError: A file cannot be read, or is no certificate or key.
    """
    context = ssl.create_default_context(cafile=tls.ca_file)
    context.set_alpn_protocols(["http/1.1"])
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate_file is not None:
        context.load_cert_chain(tls.certificate_file, tls.key_file)
    return context
