"""Files from the network into memory: given up when hardly anything comes, with the reason in a few words."""

import sys
import threading
import time

EXPECTED_BYTES = 11_490_000  # what each mirror of MNIST has, for the progress bar
MOST_BYTES = 64_000_000  # an uncompressed mnist.npz has 55 million; nobody may fill our memory with more

# A mirror has PATIENCE seconds for each next LEAST_BYTES: three silent mirrors cost 18 seconds, and the
# slowest modem that is still a network (3 KB/s) is never given up.
PATIENCE = 6.0
LEAST_BYTES = 8_000


def fetch(urls: list[str]) -> list[bytearray]:
    """Read the files of one mirror into memory.

    Shows a bar on stderr that only grows, 0...10...20..., and so is one clean line in terminals, notebooks
    and logs.

    Raises:
        ConnectionError: the mirror fails or stalls, or sends more than MNIST can be.
    """
    bodies, reasons, given_up = [bytearray() for _ in urls], [], threading.Event()

    # One thread reads and this one watches: a socket's timeout begins anew with each of a host's twenty
    # addresses and with each byte, and does not hold for a name server. The thread is a daemon, so that
    # neither Ctrl-C nor the end of Python waits for it.
    reader = threading.Thread(target=_read, args=(urls, bodies, reasons, given_up), daemon=True)
    reader.start()
    ticks, size_then, then = 0, 0, time.monotonic()
    try:
        while reader.is_alive():
            reader.join(0.1)
            size, now = sum(map(len, bodies)), time.monotonic()
            while ticks <= min(size / EXPECTED_BYTES, 1) * 40:
                print("." if ticks % 4 else ticks * 100 // 40, end="", file=sys.stderr, flush=True)
                ticks += 1
            if size - size_then >= LEAST_BYTES:
                size_then, then = size, now
            elif reader.is_alive() and now - then >= PATIENCE:
                raise ConnectionError(f"hardly anything came for {PATIENCE:g} seconds")
    finally:
        given_up.set()
    if reasons:
        raise ConnectionError(*reasons)
    return bodies


def _read(urls: list[str], bodies: list[bytearray], reasons: list[str], given_up: threading.Event) -> None:
    """Fill the bodies until all is there, or it was given up, or there is a reason why not."""
    import requests  # which honours proxies and REQUESTS_CA_BUNDLE, and else trusts certifi

    try:
        for url, body in zip(urls, bodies, strict=True):
            # (the timeout ends a thread that nobody waits for any more)
            with requests.get(url, stream=True, timeout=2 * PATIENCE) as response:
                response.raise_for_status()
                for chunk in response.iter_content(4096):
                    body.extend(chunk)
                    if given_up.is_set():
                        return
                    if sum(map(len, bodies)) > MOST_BYTES:
                        return reasons.append("it sends more than MNIST can be")
    # requests' own words are long and may hold a proxy's password.
    except requests.HTTPError as error:
        reasons.append(f"HTTP status {error.response.status_code}")
    except requests.exceptions.SSLError:
        reasons.append("its certificate cannot be trusted (is this computer's date right?)")
    except (requests.exceptions.ProxyError, requests.exceptions.InvalidSchema):
        reasons.append("the proxy does not let us through, or is no HTTP proxy")
    except Exception as error:
        reasons.append(f"no connection, or it broke off ({type(error).__name__})")
