"""The lessons' files: which there are, how they are run, and the one form in which they are committed."""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from PIL import Image

from tools.lib.files import ROOT, Problem

NOTEBOOKS = ROOT / "notebooks"
LIVE_PAGE = ROOT / ".github" / "images" / "demo.png"

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# With these Colab gives a lesson a GPU, the one that costs nothing. The rest is some editor's memory.
GPU = {"accelerator": "GPU", "colab": {"gpuType": "T4"}}
LARGE_PNG = 25_000  # bytes
CELL_METADATA = ("alt", "cellView", "tags")

CELL_TIMEOUT = 1200  # seconds; a lesson's longest cell takes two and a half minutes on two slow cores
MOST_OUTPUT = 20_000_000  # characters; a lesson's largest cell writes a fiftieth of that


def lessons(folder: Path = NOTEBOOKS) -> list[Path]:
    """Return the lessons' paths in the order of the course, then those of the solutions, if there are any."""
    return [*sorted(folder.glob("[0-9][0-9]_*.ipynb")), *sorted((folder / "solutions").glob("*.ipynb"))]


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
        raise Problem(
            f"{path} is no notebook: {reason}. A merge conflict? Mend it, or take git's version: "
            f"git checkout HEAD -- {path}"
        ) from error
    return notebook


def as_text(notebook: NotebookNode) -> str:
    """Return the text of the file that holds `notebook`."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def title(notebook: NotebookNode) -> str:
    """Return the lesson's title, such as "01 · What is in the data?"."""
    return notebook.cells[0].source.partition("\n")[0].removeprefix("# ").strip()


def measured(notebook: NotebookNode) -> dict[str, str]:
    """Return what the executed lesson measured: the value of its cell tagged `measured`, name → text.

    A lesson whose cell shows no dict has measured nothing.
    """
    for cell in notebook.cells:
        if "measured" in cell.metadata.get("tags", []):
            for output in cell.get("outputs", []):
                if output.output_type == "execute_result":
                    try:
                        values = ast.literal_eval(output.data.get("text/plain", ""))
                    except (ValueError, SyntaxError):
                        continue
                    return values if isinstance(values, dict) else {}
    return {}


class LimitedClient(NotebookClient):
    """nbclient's, but it ends the kernel of a cell whose output would fill the memory."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.written = Counter()  # a cell's position → characters

    def process_message(self, msg, cell, cell_index):
        content = msg["content"]
        texts = [content.get("text"), *content.get("data", {}).values()]
        self.written[cell_index] += sum(len(text) for text in texts if isinstance(text, str))
        if self.written[cell_index] > MOST_OUTPUT:
            self.km.provisioner.process.kill()
            return None
        return super().process_message(msg, cell, cell_index)


def execute(
    notebook: NotebookNode,
    environment: dict[str, str],
    folder: Path,
    kernel_name: str = "python3",
    on_cell: Callable[[int], None] = lambda number: None,
) -> None:
    """Run all cells of a notebook in a fresh kernel and keep their outputs in it.

    Args:
        notebook: What is run; up to a cell that fails it has the new outputs.
        environment: All the kernel's variables, such as those of `resolve_data`.
        folder: The kernel's working folder.
        kernel_name: Which of Jupyter's kernels; the usual one is this Python's.
        on_cell: Called with the number of each cell, from 1 on, before it is run.

    Raises:
        Problem: a cell failed, took too long or wrote too much, or the kernel died; the text shows the cell.
    """
    client = LimitedClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name=kernel_name,
        iopub_timeout=60,
        raise_on_iopub_timeout=True,
        force_raise_errors=True,
        # What TensorFlow's C++ code writes to the terminal while starting is no part of a lesson.
        extra_arguments=["--IPKernelApp.capture_fd_output=False", "--log-level=40"],
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
        except TimeoutError:
            reason = f"This cell took longer than {CELL_TIMEOUT} s."
        except (NoSuchKernel, RuntimeError) as error:  # among them nbclient's DeadKernelError
            log.seek(0)
            last_words = log.read().decode(errors="replace").strip().rpartition("\n")[2]
            reason = f"{error}. {last_words}"
    if number == 0:
        raise Problem(f"the kernel {kernel_name} did not start: {reason}")
    if client.written[number - 1] > MOST_OUTPUT:
        reason = f"This cell wrote more than {MOST_OUTPUT / 1e6:.0f} MB: print less, or save it to a file."
    raise Problem(f"cell {number}:\n\n{notebook.cells[number - 1].source}\n\n{reason}")


def picture_live_pages(notebook: NotebookNode) -> None:
    """Put a screenshot where a cell tagged `live` opened a page: the page ends with the lesson's kernel."""
    for cell in notebook.cells:
        if "live" in cell.metadata.get("tags", []) and cell.outputs:
            png = base64.b64encode(LIVE_PAGE.read_bytes()).decode()
            cell.outputs = [new_output("display_data", {"image/png": png, "text/plain": "<the live page>"})]


def describe_images(notebook: NotebookNode) -> None:
    """Copy each cell's `alt`, one sentence about what it draws, to the images it has drawn."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "alt" in cell.metadata:
            for output in cell.outputs:
                for kind in output.get("data", {}):
                    if kind.startswith("image/"):
                        output.metadata.setdefault(kind, {})["alt"] = cell.metadata.alt


def shrink_images(notebook: NotebookNode) -> None:
    """Store pictures with at most 256 colours, photographs with 20: eyes see hardly a difference."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            png = output.get("data", {}).get("image/png")
            if png:
                with contextlib.suppress(OSError, ValueError, SyntaxError):  # what is no picture stays
                    output.data["image/png"] = base64.b64encode(_smaller(base64.b64decode(png))).decode()


def _smaller(png: bytes) -> bytes:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 20):
        reduced = picture.quantize(colours, dither=Image.Dither.NONE)
        file = io.BytesIO()
        reduced.save(file, "PNG", optimize=True)
        if colours < 256 and not _looks_the_same(reduced.convert("RGB"), picture):
            break
        png = min(png, file.getvalue(), key=len)
        if len(png) < LARGE_PNG:
            break
    return png


def _looks_the_same(reduced: Image.Image, picture: Image.Image) -> bool:
    """Whether hardly a pixel has got another colour: the rare colours of a scale are the first to be lost."""
    change = np.abs(np.asarray(reduced, int) - np.asarray(picture, int)).max(axis=2)
    return np.mean(change > 80) < 0.001


def trains_convolutions(notebook: NotebookNode) -> bool:
    """Return whether the notebook trains a network with convolutions, its own or one of the helpers'."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return ".fit(" in code and re.search(r"\bConv2D\(|\bbuild_\w*(?:cnn|conv)\w*\(", code) is not None


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Bring a notebook, in place, into the one form in which notebooks are committed; return it.

    What depends on the computer or on the editor goes (versions, timings, scroll positions), so that a
    difference between two commits is a difference for the reader. Sources and results stay as they are;
    pieces of one stream, which the kernel splits by chance, are joined. Normalising twice is as once.
    """
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    gpu = GPU if trains_convolutions(notebook) else {}  # dense layers this small gain nothing from one
    notebook.metadata = nbformat.from_dict(
        {**gpu, "kernelspec": KERNELSPEC, "language_info": {"name": "python"}},
    )
    for cell in notebook.cells:
        metadata = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        if "setup" in metadata.get("tags", []):
            metadata["jupyter"] = {"source_hidden": True}  # JupyterLab folds it: plumbing, not lesson
        cell.metadata = nbformat.from_dict(metadata)
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(cell.outputs)
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = cell.execution_count
    return notebook


def _joined_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined
