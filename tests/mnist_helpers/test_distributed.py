"""Training on several machines: real processes on this one, with a tiny network and the sample."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from mnist_helpers.distributed import CHECKPOINT, Stop, read_checkpoint, read_cluster
from tools.lib.files import ROOT

TINY = ("--network", "dense_128_64_16", "--epochs", "5", "--every", "5")
STEPS = 100
UNWANTED = {"TF_CONFIG", "KERAS_BACKEND", "MNIST_PATH"}


@contextlib.contextmanager
def workers(folder, *indices, addresses=(), patience=120):
    """Start the workers with these indices; those that still live at the end are killed."""
    program = [
        sys.executable,
        "-m",
        "mnist_helpers.distributed",
        "--folder",
        folder,
        "--source",
        "sample",
        *TINY,
    ]
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    environment |= {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"}
    started = []
    for index in indices or (0,):
        task = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}}
        own = environment | ({"TF_CONFIG": json.dumps(task)} if addresses else {})
        command, pipes = [*program, "--patience", str(patience)], {"stderr": subprocess.STDOUT}
        started.append(subprocess.Popen(command, env=own, stdout=subprocess.PIPE, text=True, **pipes))
    try:
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.communicate()


def free_addresses():
    """Two addresses with ports that no outgoing connection is given by chance."""
    ports = []
    while len(ports) < 2:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("", random.randint(20_000, 30_000)))
            ports = [*{*ports, probe.getsockname()[1]}]
    return [f"127.0.0.1:{port}" for port in ports]


def finish(started):
    said = [worker.communicate(timeout=200)[0] for worker in started]
    assert [worker.returncode for worker in started] == [0] * len(started), said
    return said


def saved(folder):
    with np.load(folder / CHECKPOINT) as values:
        return dict(values)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What two workers say and what they end with."""
    folder = tmp_path_factory.mktemp("two")
    with workers(folder, 0, 1, addresses=free_addresses()) as started:
        return finish(started), saved(folder)


@pytest.mark.slow  # lesson 13 runs two workers in every test
def test_two_workers_lose_at_each_step_what_one_process_loses(undisturbed, tmp_path):
    (chief, other), together = undisturbed
    assert f"2 replicas, 0 of {STEPS} steps done" in chief and "of 500 test digits" in chief
    assert "step 5 " not in other
    with workers(tmp_path) as started:
        finish(started)
    alone = saved(tmp_path)
    assert len(alone["losses"]) == len(together["losses"]) == STEPS
    # The shares are added up in another order, and each step hands the rounding on: so the first twenty.
    assert np.abs(alone["losses"] - together["losses"])[:20].max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("killed", [1, 0])
def test_who_is_killed_ends_the_others_and_a_restart_ends_as_if_nothing_had_been(
    killed, undisturbed, tmp_path
):
    addresses = free_addresses()
    with workers(tmp_path, 0, 1, addresses=addresses) as started:
        while not (tmp_path / CHECKPOINT).exists():
            assert started[0].poll() is None, started[0].communicate()
            time.sleep(0.01)
        started[killed].kill()
        died = time.monotonic()
        said = started[1 - killed].communicate(timeout=60)[0]
    assert time.monotonic() - died < 60 and started[1 - killed].returncode == 3
    reason = f"Stopped: no answer from worker {killed} at {addresses[killed]}. Start all workers again"
    assert reason in said.splitlines()[-1]
    assert 0 < len(saved(tmp_path)["losses"]) < STEPS
    with workers(tmp_path, 0, 1, addresses=addresses) as started:
        assert "2 replicas, 0 of" not in finish(started)[0]
    ended, expected = saved(tmp_path), undisturbed[1]
    assert [
        name for name in expected if name != "run" and not np.array_equal(ended[name], expected[name])
    ] == []


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a signal that stops a process")
def test_a_worker_that_neither_dies_nor_answers_ends_the_others_too(tmp_path):
    with workers(tmp_path, 0, 1, addresses=free_addresses()) as started:
        while not (tmp_path / CHECKPOINT).exists():
            assert started[0].poll() is None, started[0].communicate()
            time.sleep(0.01)
        started[1].send_signal(signal.SIGSTOP)
        assert "unhealthy" in started[0].communicate(timeout=60)[0] and started[0].returncode == 3


def test_a_worker_that_never_comes_is_named(tmp_path):
    addresses = free_addresses()
    with workers(tmp_path, 0, addresses=addresses, patience=1) as (lonely,):
        assert lonely.communicate(timeout=60)[0].startswith(
            f"Stopped: no answer from worker 1 at {addresses[1]}"
        )
    assert lonely.returncode == 3


def test_a_port_in_use_is_named(tmp_path):
    addresses = free_addresses()
    taken = socket.create_server(("", int(addresses[0].partition(":")[2])))
    with taken, workers(tmp_path, 0, addresses=addresses, patience=1) as (late,):
        said = late.communicate(timeout=60)[0]
    assert said.startswith(f"Stopped: port {addresses[0][10:]} cannot be had") and late.returncode == 3


def config(task="worker", index=0, **jobs):
    jobs = jobs or {"worker": ["one:2222", "two:2222"]}
    return json.dumps({"cluster": jobs, "task": {"type": task, "index": index}})


def test_a_scheduler_may_count_the_chief_apart():
    assert read_cluster(None).addresses == [] and read_cluster(config(index=1)).index == 1
    apart = {"chief": ["one:2222"], "worker": ["two:2222"]}
    assert read_cluster(config(**apart)) == (["one:2222", "two:2222"], 1)
    assert read_cluster(config("chief", **apart)) == (["one:2222", "two:2222"], 0)


@pytest.mark.parametrize(
    "text, said",
    [
        ("{", "cannot be read .JSONDecodeError"),
        ("[]", "cannot be read .TypeError"),
        ('{"cluster": {"worker": ["one:2222"]}}', "cannot be read .KeyError: 'task'"),
        (config(worker="one:2222"), "cannot be read .ValueError"),
        (config(worker=["one"]), "cannot be read .ValueError"),
        (config(worker=["one:2222"], ps=["two:2222"]), "names ps"),
        (config(index=2), "this is worker 2, but lists 2"),
        (config("chief"), "this is chief 0, but lists 0"),
        (config(worker=["one:2222", "one:2222"]), "of its own for each"),
        (config(worker=["one:99999"]), "of its own for each"),
    ],
)
def test_a_wrong_tf_config_is_told(text, said):
    with pytest.raises(Stop, match=f"TF_CONFIG .*{said}"):
        read_cluster(text)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    np.savez(tmp_path / CHECKPOINT, run="tiny, seed 0", losses=[1.0], value_0=np.zeros(3))
    with pytest.raises(Stop, match="of another run .tiny, seed 0., not of tiny, seed 1"):
        read_checkpoint(tmp_path / CHECKPOINT, "tiny, seed 1", [])
