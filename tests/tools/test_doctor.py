"""`course.py doctor`: each check against the real thing, sound and broken."""

import json
import shutil
import sys
import textwrap

import pytest

from tools import doctor


@pytest.fixture(autouse=True)
def known_data(monkeypatch):
    monkeypatch.delenv("MNIST_PATH", raising=False)
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    doctor._tensorflow.cache_clear()
    yield
    doctor._tensorflow.cache_clear()


@pytest.fixture
def replace_tensorflow(tmp_path, monkeypatch):
    """Put another module in TensorFlow's place, for this test's child processes."""

    def replace(source: str) -> None:
        (tmp_path / "tensorflow.py").write_text(textwrap.dedent(source))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return replace


def test_all_is_well_here(capsys):
    assert doctor.main([]) == 0, capsys.readouterr().out
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [
        ["OK", name] for name in ("Python", "packages", "TensorFlow", "GPU", "data", "disk", "kernel")
    ]
    assert lines[-1] == "All is well."


def test_something_broken_is_named_with_its_cure_and_ends_with_status_1(
    capsys, monkeypatch, replace_tensorflow
):
    replace_tensorflow("raise ImportError('half installed')")
    monkeypatch.setattr(doctor, "check_kernel", lambda: 1 / 0)
    assert doctor.main([]) == 1
    said = capsys.readouterr().out
    assert "BROKEN  TensorFlow  does not run: ImportError: half installed" in said
    assert "BROKEN  kernel      ZeroDivisionError" in said
    assert "To mend it: delete the folder .venv, then:" in said
    assert "2 of 7 checks failed." in said


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [
        ("numpy<2", "numpy is "),
        ("numpy>=999", "numpy is "),
        ("not-a-package-of-this-course", "not-a-package-of-this-course is missing"),
    ],
)
def test_packages_that_do_not_fit_the_requirements_are_named(tmp_path, requirement, problem):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"# a comment\npytest>=1  # fits\n{requirement}\n-e .\n")
    found, cure = doctor.check_packages(requirements)
    assert found.startswith(problem)
    assert "pytest" not in found
    assert cure


def test_a_tensorflow_that_ends_its_process_is_survived(replace_tensorflow):
    replace_tensorflow("import os; os.abort()")
    found, cure = doctor.check_tensorflow()
    assert "does not run" in found
    assert cure
    assert doctor.check_gpu().cure is None


GPU = """
    from types import SimpleNamespace as space
    __version__ = "2.21.0"
    ones = lambda shape: shape
    reduce_sum = lambda shape: {total}
    config = space(
        list_physical_devices=lambda kind: {gpus},
        experimental=space(get_device_details=lambda gpu: {{"device_name": gpu.name}}),
    )
"""


def test_a_tensorflow_that_computes_nonsense_is_broken(replace_tensorflow):
    replace_tensorflow(GPU.format(total=11, gpus=[]))
    assert doctor.check_tensorflow().cure


def test_graphics_cards_are_named(replace_tensorflow):
    replace_tensorflow(GPU.format(total=12, gpus="[space(name='NVIDIA One'), space(name='NVIDIA Two')]"))
    assert doctor.check_gpu() == ("NVIDIA One, NVIDIA Two", None)


@pytest.mark.parametrize(
    ("platform", "way"), [("linux", 'pip install "tensorflow[and-cuda]"'), ("win32", "WSL2")]
)
def test_an_unused_graphics_card_is_no_fault_but_the_way_to_use_it_is_told(
    replace_tensorflow, monkeypatch, platform, way
):
    replace_tensorflow(GPU.format(total=12, gpus=[]))
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/nvidia-smi" if name == "nvidia-smi" else None)
    doctor._tensorflow()  # on the real platform
    monkeypatch.setattr(sys, "platform", platform)
    found, cure = doctor.check_gpu()
    assert way in found
    assert cure is None


def test_a_path_to_data_that_is_not_there_is_broken(monkeypatch, tmp_path):
    monkeypatch.delenv("MNIST_SOURCE")
    monkeypatch.setenv("MNIST_PATH", str(tmp_path / "nowhere.npz"))
    found, cure = doctor.check_data()
    assert "nowhere.npz" in found
    assert cure.endswith("MNIST_PATH")


def test_the_offline_sample_is_all_right_and_the_way_to_mnist_is_told():
    found, cure = doctor.check_data()
    assert found.startswith("OFFLINE SAMPLE, not MNIST")
    assert "data --to FOLDER" in found
    assert cure is None


def test_a_full_disk_is_broken(monkeypatch, tmp_path):
    room = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: room._replace(free=100_000_000))
    found, cure = doctor.check_disk(tmp_path)
    assert found == "0.1 GB free, 1 GB needed"
    assert cure


def test_the_disk_is_asked_for_its_room(tmp_path):
    assert doctor.check_disk(tmp_path).found.endswith(" GB free")


@pytest.mark.parametrize(
    ("start", "found", "mended"),
    [
        ("raise SystemExit(1)", "does not answer", "delete the folder .venv"),
        (
            "import sys; sys.prefix = '/elsewhere'",
            "belongs to another Python, /elsewhere",
            "ipykernel install",
        ),
        ("import sys; sys.modules['mnist_helpers'] = None", "does not answer", "delete the folder .venv"),
        (
            "import types, sys; helpers = sys.modules['mnist_helpers'] = types.ModuleType('mnist_helpers');"
            "helpers.__file__ = '/elsewhere/mnist_helpers/__init__.py'",
            "helpers of another folder, /elsewhere",
            "delete the folder .venv",
        ),
    ],
)
def test_a_broken_kernel_is_found(tmp_path, monkeypatch, start, found, mended):
    launch = f"{start}\nfrom ipykernel.kernelapp import launch_new_instance\nlaunch_new_instance()"
    spec = {
        "argv": [sys.executable, "-c", launch, "-f", "{connection_file}"],
        "display_name": "",
        "language": "",
    }
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    check = doctor.check_kernel()
    assert found in check.found
    assert mended in check.cure
