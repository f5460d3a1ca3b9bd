"""`course.py doctor`: its checks, sound and broken."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tools import doctor


@pytest.fixture(autouse=True)
def known_surroundings(monkeypatch, tmp_path):
    for name in ("MNIST_PATH", "KERAS_BACKEND", *(each for each in os.environ if "_proxy" in each.lower())):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


def start_kernels_with(code, folder, monkeypatch):
    launch = f"import sys; {code}\nfrom ipykernel.kernelapp import launch_new_instance as go; go()"
    argv = [sys.executable, "-c", launch, "-f", "{connection_file}"]
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True, exist_ok=True)
    spec.write_text(json.dumps({"argv": argv, "display_name": "", "language": ""}))
    monkeypatch.setenv("JUPYTER_PATH", str(folder))


def test_all_is_well_here_and_the_way_to_mnist_is_told(capsys):
    status = doctor.main([])
    *said, last = capsys.readouterr().out.splitlines()
    assert (status, last) == (0, "All is well."), said
    assert [line.split()[1] for line in said] == ["packages", "tensorflow", "data", "disk", "proxy", "kernel"]
    assert "data --to FOLDER" in said[2]


def test_whatever_is_broken_is_named_with_its_cure_and_ends_with_status_1(capsys, monkeypatch, tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os; os.abort()")  # as on a processor without AVX
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    start_kernels_with("raise SystemExit(1)", tmp_path, monkeypatch)
    assert doctor.main([]) == 1
    said = capsys.readouterr().out
    assert "BROKEN  tensorflow  it ended with status" in said and "BROKEN  kernel      RuntimeError" in said
    assert "To mend it: delete the folder .venv" in said and said.endswith("2 of the checks failed.\n")


def test_packages_that_do_not_fit_the_requirements_are_named(tmp_path):
    (tmp_path / "some.txt").write_text("# a comment\npytest>=1  # fits\nnumpy>=999\nnot-here\n-e .\n")
    found, cure = doctor.check_packages(tmp_path / "some.txt")
    assert [each.split()[0] for each in found.split("; ")] == ["numpy>=999", "not-here"] and cure


def test_another_keras_configuration_is_broken_and_an_unused_graphics_card_is_not(monkeypatch, tmp_path):
    answer = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(subprocess, "run", lambda *command, **options: answer)
    answer.stdout = json.dumps(["2.21.0", [], doctor.KERAS])
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert doctor.check_tensorflow()[1] is None and "your NVIDIA card" in doctor.check_tensorflow()[0]
    answer.stdout = json.dumps(["2.21.0", [], ["tensorflow", "float16", "channels_last"]])
    (tmp_path / "keras.json").touch()
    found, cure = doctor.check_tensorflow()
    assert "float16" in found and cure.endswith("keras.json")


def test_variables_that_are_in_the_way_are_named(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "nonsense")
    assert doctor.check_tensorflow()[1].endswith("KERAS_BACKEND")
    monkeypatch.delenv("MNIST_SOURCE")
    monkeypatch.setenv("MNIST_PATH", "/nowhere.npz")
    assert doctor.check_data()[1].endswith("MNIST_PATH")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert "NO_PROXY" in doctor.check_proxy()[1]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    assert doctor.check_proxy()[1] is None


def test_a_full_disk_or_a_folder_that_can_not_be_written_is_broken(monkeypatch, tmp_path):
    room = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: room._replace(free=100_000_000))
    assert doctor.check_disk(tmp_path) == ("0.1 GB free", "delete files: the lessons need 1 GB")
    assert "can't be written" in doctor.check_disk(tmp_path / "nowhere")[0]


def test_a_kernel_of_another_python_or_course_is_broken(tmp_path, monkeypatch):
    start_kernels_with("sys.prefix = '/elsewhere'", tmp_path, monkeypatch)
    assert doctor.check_kernel()[0].endswith("belongs to another Python, /elsewhere")
    start_kernels_with("import mnist_helpers; mnist_helpers.__file__ = '/m.py'", tmp_path, monkeypatch)
    assert doctor.check_kernel()[0].endswith("another folder, /m.py")
