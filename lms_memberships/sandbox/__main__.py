"""How the sandbox is started from a shell: ``python -m lms_memberships.sandbox --port 8001``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from .server import Sandbox


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    sandbox = Sandbox(
        port=options.port,
        state_file=options.state,
        webhook_url=options.webhook,
        webhook_secret=options.secret,
        public_url=options.public_url,
    )
    told_to_stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: told_to_stop.set())
    with sandbox:
        sys.stdout.write(f"Stripe sandbox at {sandbox.public_url}/_sandbox/ (API {sandbox.url})\n")
        sys.stdout.flush()
        told_to_stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lms_memberships.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--webhook", metavar="URL", help="where signed webhooks are sent")
    parser.add_argument("--secret", default="whsec_sandbox", help="signs the webhooks")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the state in this file")
    parser.add_argument("--public-url", metavar="URL", help="where browsers reach the hosted pages")
    return parser


if __name__ == "__main__":
    sys.exit(main())
