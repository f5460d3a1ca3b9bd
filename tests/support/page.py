"""The live page in a process of its own, and what a visitor reads on it."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

from gradio_client import Client, handle_file

from tools.lib.files import ROOT


class Opened:
    """`course.py demo` in a process of its own; `folder` is its temporary folder."""

    def __init__(self, folder, *arguments, **variables):
        code = "import sys; from tools.demo import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "--no-browser", *arguments]
        environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
        environment |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=None if os.name == "nt" else hear_ctrl_c,
        )
        said = ""
        for line in self.process.stdout:
            said += line
            if "http://" in line:
                break
        found = re.search(r"http://127\.0\.0\.1:\d+/", said)
        self.address = found and found[0]

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        rest = self.process.communicate(timeout=60)[0]
        return self.process.returncode, rest


def hear_ctrl_c():  # jobs in the background, and some CI runners, start with it switched off
    signal.signal(signal.SIGINT, signal.default_int_handler)


def visit(address):
    return Client(address, verbose=False, analytics_enabled=False, download_files=False)


def upload(visitor, content, name, folder):
    """Send a photo as a visitor does; return the page's two pieces of HTML."""
    (folder / name).write_bytes(content)
    return visitor.predict(handle_file(folder / name), api_name="/photo")


def words(answer):
    """What a visitor reads in the page's two pieces of HTML."""
    return " ".join(re.sub("<[^>]*>", " ", "".join(answer)).split())


def is_up(address):
    try:
        return urllib.request.urlopen(address, timeout=30).status == 200
    except urllib.error.URLError:
        return False
