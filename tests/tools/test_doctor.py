"""`course.py doctor`: each check against the real thing, sound and broken."""

import functools
import json
import os
import shutil
import sys
import textwrap

import pytest

from tools import doctor
from tools.lib.files import ROOT


@pytest.fixture(autouse=True)
def known_surroundings(monkeypatch, tmp_path):
    for name in (
        "MNIST_PATH",
        "KERAS_BACKEND",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(doctor, "ask_tensorflow", functools.cache(doctor.ask_tensorflow.__wrapped__))


def replace_tensorflow(folder, monkeypatch, source):
    """Put another module in TensorFlow's place, for this test's child processes."""
    (folder / "tensorflow.py").write_text(textwrap.dedent(source))
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{ROOT}")


def test_all_is_well_here(capsys):
    status = doctor.main([])
    lines = capsys.readouterr().out.splitlines()
    assert (status, lines[-1]) == (0, "All is well."), lines
    names = ("python", "packages", "tensorflow", "keras", "gpu", "data", "disk", "proxy", "kernel")
    assert [line.split()[:2] for line in lines[:-1]] == [["OK", name] for name in names]


def test_something_broken_is_named_with_its_cure_and_ends_with_status_1(capsys, monkeypatch, tmp_path):
    replace_tensorflow(tmp_path, monkeypatch, "import os; os.abort()")  # as on a processor without AVX
    assert doctor.main([]) == 1
    said = capsys.readouterr().out
    assert "BROKEN  tensorflow  RuntimeError: TensorFlow ended with status" in said
    assert "To mend it: delete the folder .venv, then:" in said
    assert "OK      kernel" in said
    assert "3 of 9 checks failed." in said


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [
        ("numpy>=999", "numpy is "),
        ("not-a-package-of-this-course", "not-a-package-of-this-course is missing"),
    ],
)
def test_packages_that_do_not_fit_the_requirements_are_named(tmp_path, requirement, problem):
    (tmp_path / "some.txt").write_text(f"# a comment\npytest>=1  # fits\n{requirement}\n-e .\n")
    found, cure = doctor.check_packages(tmp_path / "some.txt")
    assert found.startswith(problem) and "pytest" not in found and cure


def test_tensorflows_sum_and_its_graphics_cards_are_looked_at(monkeypatch, tmp_path):
    source = """
        import sys
        from types import SimpleNamespace as space
        keras = space(backend=lambda: "", floatx=lambda: "", image_data_format=lambda: "")
        sys.modules["keras"] = sys.modules["keras.config"] = keras
        __version__, ones, reduce_sum = "2.21.0", lambda shape: shape, lambda shape: 11
        details = space(get_device_details=lambda gpu: {"device_name": gpu.name})
        one, two = space(name="NVIDIA One"), space(name="NVIDIA Two")
        config = space(list_physical_devices=lambda kind: [one, two], experimental=details)
        """
    replace_tensorflow(tmp_path, monkeypatch, source)
    assert doctor.check_tensorflow().cure
    assert doctor.check_gpu() == ("NVIDIA One, NVIDIA Two", None)


@pytest.mark.parametrize("windows, way", [(False, 'pip install "tensorflow[and-cuda]"'), (True, "WSL2")])
def test_an_unused_graphics_card_is_no_fault_but_the_way_to_use_it_is_told(monkeypatch, windows, way):
    monkeypatch.setattr(doctor, "ask_tensorflow", lambda: ["2.21.0", 12, [], doctor.KERAS])
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(doctor, "WINDOWS", windows)
    found, cure = doctor.check_gpu()
    assert way in found and cure is None


def test_another_keras_configuration_is_broken(monkeypatch, tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text('{"floatx": "float16"}')
    found, cure = doctor.check_keras()
    assert found.startswith("tensorflow, float16, channels_last") and cure.endswith("keras.json")
    monkeypatch.setenv("KERAS_BACKEND", "nonsense")
    assert doctor.check_keras().cure.endswith("KERAS_BACKEND")


def test_a_path_to_data_that_is_not_there_is_broken(monkeypatch, tmp_path):
    monkeypatch.delenv("MNIST_SOURCE")
    monkeypatch.setenv("MNIST_PATH", str(tmp_path / "nowhere.npz"))
    found, cure = doctor.check_data()
    assert "nowhere.npz" in found and cure.endswith("MNIST_PATH")


def test_the_offline_sample_is_all_right_and_the_way_to_mnist_is_told():
    found, cure = doctor.check_data()
    assert "data --to FOLDER" in found and cure is None


def test_a_full_disk_or_a_folder_that_can_not_be_written_is_broken(monkeypatch, tmp_path):
    room = shutil.disk_usage(tmp_path)
    assert doctor.check_disk(tmp_path).cure is None
    monkeypatch.setattr(shutil, "disk_usage", lambda path: room._replace(free=100_000_000))
    assert doctor.check_disk(tmp_path).found == "0.1 GB free, 1 GB needed"
    (tmp_path / "work").rmdir()
    (tmp_path / "work").touch()
    assert "work" in doctor.check_disk(tmp_path).found and doctor.check_disk(tmp_path).cure


def test_a_proxy_that_stands_before_this_computer_is_broken(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert "NO_PROXY" in doctor.check_proxy().cure
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    assert doctor.check_proxy().cure is None


ELSEWHERE = (
    "sys.modules['mnist_helpers'] = types.ModuleType('m'); sys.modules['mnist_helpers'].__file__ = '/m.py'"
)


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("raise SystemExit(1)", "Kernel died"),
        ("sys.prefix = '/elsewhere'", "belongs to another Python, /elsewhere"),
        (ELSEWHERE, "helpers of another folder, /m.py"),
    ],
)
def test_a_broken_kernel_is_found(capsys, tmp_path, monkeypatch, start, found):
    launch = f"import sys, types; {start}\nfrom ipykernel.kernelapp import launch_new_instance as go; go()"
    spec = {
        "argv": [sys.executable, "-c", launch, "-f", "{connection_file}"],
        "display_name": "",
        "language": "",
    }
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "CHECKS", (doctor.check_kernel,))
    assert doctor.main([]) == 1
    assert found in capsys.readouterr().out
