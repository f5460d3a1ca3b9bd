"""Open the page to draw on: the network reads your digits, from a drawing or a photo, and shows how.

The page is open to this computer alone. Ctrl-C ends it and deletes what was uploaded.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="course.py demo", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--port", type=int, help="default: the first that is free from 7860 on")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    options = parser.parse_args(arguments)
    if options.port is not None and not _is_free(options.port):
        advice = "Leave --port out, and a free one is found."
        print(f"Port {options.port} can't be used on this computer now. {advice}", file=sys.stderr)
        return 1
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT"):  # so that it also tidies up when it is stopped
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    page = None
    try:
        print("Loading the network ...", flush=True)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        from mnist_helpers.page import build_page  # here, for it takes seconds: help and messages come first

        page = build_page()
        page.launch(server_port=options.port, inbrowser=not options.no_browser, prevent_thread_lock=True)
        print(f"Draw at {page.local_url} (Ctrl-C ends it)", flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        print("\nThe page is closed.")
    finally:
        if page:
            page.close()
    return 0


def _is_free(port: int) -> bool:
    try:
        with socket.socket() as trial:
            if os.name != "nt":  # there it would say that a port in use is free
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("127.0.0.1", port))
    except (OSError, OverflowError):
        return False
    return True
