"""The lessons' files: which there are, how they are run, and the one form in which they are committed."""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from PIL import Image

from tools.lib.files import ROOT, Problem

NOTEBOOKS = ROOT / "notebooks"
OTHERS = ("clinic", "capstone")  # notebooks beside the lessons
LIVE_PAGE = ROOT / ".github" / "images" / "demo.png"

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# With these Colab gives a lesson a GPU, the one that costs nothing. The rest is some editor's memory.
GPU = {"accelerator": "GPU", "colab": {"gpuType": "T4"}}
LARGE_PNG = 25_000  # bytes
CELL_METADATA = ("alt", "cellView", "tags")

FEW_SEEDS = 2  # in tests: they ask whether a comparison runs, and `course.py comparisons` what it shows

CELL_TIMEOUT = 1200  # seconds; a lesson's longest cell takes two and a half minutes on two slow cores


def lessons(folder: Path = NOTEBOOKS) -> list[Path]:
    """Return the lessons' paths in the order of the course, then the other notebooks' and the solutions'."""
    others = [folder / f"{name}.ipynb" for name in OTHERS if (folder / f"{name}.ipynb").exists()]
    numbered, solutions = folder.glob("[0-9][0-9]_*.ipynb"), (folder / "solutions").glob("*.ipynb")
    return [*sorted(numbered), *others, *sorted(solutions)]


def label(path: Path) -> str:
    """Return a notebook's name in reports and pages, where a solution may be called like its lesson."""
    return f"solutions-{path.stem}" if path.parent.name == "solutions" else path.stem


def read(path: Path) -> NotebookNode:
    """Read a notebook.

    Raises:
        Problem: what the file holds is no notebook, as after a merge with conflicts.
    """
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(notebook)
        if not notebook.cells:
            raise ValueError("it has no cells")
    except (ValueError, LookupError, TypeError, AttributeError, nbformat.ValidationError) as error:
        reason = str(error).strip().partition("\n")[0]
        remedy = f"A merge conflict? Mend it, or take git's version: git checkout HEAD -- {path}"
        raise Problem(f"{path} is no notebook: {reason}. {remedy}") from error
    return notebook


def as_text(notebook: NotebookNode) -> str:
    """Return the text of the file that holds `notebook`."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def title(notebook: NotebookNode) -> str:
    """Return the lesson's title, such as "01 · What is in the data?"."""
    return notebook.cells[0].source.partition("\n")[0].removeprefix("# ").strip()


def about(notebook: NotebookNode) -> str:
    """Return the first sentence below the lesson's title."""
    paragraph = " ".join("".join(notebook.cells[0].source.split("\n\n")[1:2]).split())
    return re.split(r"(?<=[.?!])\s", paragraph, maxsplit=1)[0]


def time_needed(notebook: NotebookNode) -> str:
    """Return what the lesson says of its time, such as "41 minutes to read, about a minute to run"."""
    found = re.search(r"\*\*Time:\*\* ([^.]*)", notebook.cells[0].source)
    return found[1].strip() if found else ""


def measured(notebook: NotebookNode) -> dict[str, str]:
    """Return what the executed lesson measured: the value of its cell tagged `measured`, name → text.

    A lesson whose cell shows no dict has measured nothing.
    """
    cells = [cell for cell in notebook.cells if "measured" in cell.metadata.get("tags", [])]
    return statements(cells[-1]) if cells else {}


def statements(cell: NotebookNode) -> dict[str, str]:
    """Return the dict that an executed cell shows as its value; empty where it shows none."""
    outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
    try:
        values = ast.literal_eval("".join(data.get("text/plain", "") for data in outputs))
    except (ValueError, SyntaxError):
        return {}
    return values if isinstance(values, dict) else {}


def with_seeds(cells: list[NotebookNode], first: int = 0, count: int | None = None) -> None:
    """Let comparisons run, in place, with the seeds from `first` on: as many as before, or `count`."""
    for cell in cells:
        if "seeds" in cell.metadata.get("tags", []):
            as_many = int(re.search(r"range\((\d+)\)", cell.source)[1])
            cell.source = f"seeds = range({first}, {first + (count or as_many)})"


def execute(
    notebook: NotebookNode,
    environment: dict[str, str],
    folder: Path,
    kernel_name: str = "python3",
    on_cell: Callable[[int], None] = lambda number: None,
    sharp: bool = False,
) -> None:
    """Run all cells of a notebook in a fresh kernel and keep their outputs in it.

    Args:
        notebook: What is run; up to a cell that fails it has the new outputs.
        environment: All the kernel's variables, such as those of `resolve_data`.
        folder: The kernel's working folder.
        kernel_name: Which of Jupyter's kernels; the usual one is this Python's.
        on_cell: Called with the number of each cell, from 1 on, before it is run.
        sharp: Draw figures with two dots a pixel, for the screens of phones; twice as large in bytes.

    Raises:
        Problem: a cell failed or took too long, or the kernel died; the text shows the cell.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name=kernel_name,
        iopub_timeout=60,
        raise_on_iopub_timeout=True,
        force_raise_errors=True,
        coalesce_streams=True,  # the kernel splits them by chance
        # What TensorFlow's C++ code writes to the terminal while starting is no part of a lesson.
        extra_arguments=[
            "--IPKernelApp.capture_fd_output=False",
            "--log-level=40",
            *(["--InlineBackend.figure_formats={'retina'}"] if sharp else []),
        ],
    )
    number = 0
    with tempfile.TemporaryFile() as log:
        try:
            # Not client.execute(), which takes Ctrl-C for itself and stumbles over it.
            with client.setup_kernel(env=environment, cwd=str(folder), stdout=log, stderr=log):
                for number, cell in enumerate(notebook.cells, start=1):  # noqa: B007
                    on_cell(number)
                    client.execute_cell(cell, number - 1)
            return
        except CellExecutionError as error:
            reason = f"{error.ename}: {error.evalue}"
        except (TimeoutError, RuntimeError) as error:  # among them nbclient's DeadKernelError
            log.seek(0)
            last_words = log.read().decode(errors="replace").strip().rpartition("\n")[2]
            reason = f"{error}. {last_words}"
    if number == 0:
        raise Problem(f"the kernel {kernel_name} did not start: {reason}")
    raise Problem(f"cell {number}:\n\n{notebook.cells[number - 1].source}\n\n{reason}")


def finish(notebook: NotebookNode) -> None:
    """Make an executed notebook one to keep, in place: pictures small and described, all in normal form.

    A cell tagged `live` has opened a page, which ends with the kernel: a screenshot takes its place. The
    sentence about what a cell draws, its `alt`, goes to its pictures.
    """
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        if "live" in cell.metadata.get("tags", []) and cell.outputs:
            png = base64.b64encode(LIVE_PAGE.read_bytes()).decode()
            cell.outputs = [new_output("display_data", {"image/png": png, "text/plain": "<the live page>"})]
        for output in cell.outputs:
            for kind, picture in output.get("data", {}).items():
                if kind.startswith("image/") and "alt" in cell.metadata:
                    output.metadata.setdefault(kind, {})["alt"] = cell.metadata.alt
                if kind == "image/png":
                    with contextlib.suppress(OSError, ValueError, SyntaxError):  # what is no picture stays
                        output.data[kind] = base64.b64encode(smaller(base64.b64decode(picture))).decode()
    normalise(notebook)


def smaller(png: bytes) -> bytes:
    """Return a PNG picture with at most 256 colours, a photograph with 20: eyes see hardly a difference."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 20):
        reduced, file = picture.quantize(colours, dither=Image.Dither.NONE), io.BytesIO()
        change = np.abs(np.asarray(reduced.convert("RGB"), int) - np.asarray(picture, int)).max(axis=2)
        if np.mean(change > 80) > 0.001:  # the rare colours of a scale are the first to be lost
            break
        reduced.save(file, "PNG", optimize=True)
        png = min(png, file.getvalue(), key=len)
        if len(png) < LARGE_PNG:
            break
    return png


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Bring a notebook, in place, into the one form in which notebooks are committed; return it.

    What depends on the computer or on the editor goes (versions, timings, scroll positions), so that a
    difference between two commits is a difference for the reader. Sources and results stay as they are.
    """
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    # Dense layers this small gain nothing from a GPU.
    trains_convolutions = ".fit(" in code and re.search(r"\bConv2D\(|\bbuild_\w*(?:cnn|conv)\w*\(", code)
    gpu = GPU if trains_convolutions else {}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    kept = {**gpu, "kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    notebook.metadata = nbformat.from_dict(kept)
    for cell in notebook.cells:
        metadata = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        if "setup" in metadata.get("tags", []):
            metadata["jupyter"] = {"source_hidden": True}  # JupyterLab folds it: plumbing, not lesson
        cell.metadata = nbformat.from_dict(metadata)
    return notebook
