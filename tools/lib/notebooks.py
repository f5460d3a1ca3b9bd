"""The lessons' files: which there are, in what order, and the one form in which they are committed."""

from __future__ import annotations

import ast
import base64
import io
import re
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output
from PIL import Image

from tools.lib.files import ROOT

NOTEBOOKS = ROOT / "notebooks"
LIVE_PAGE = ROOT / ".github" / "images" / "demo.png"

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# With these Colab gives a lesson a GPU, the one that costs nothing. The rest is some editor's memory.
GPU = {"accelerator": "GPU", "colab": {"gpuType": "T4"}}
LARGE_PNG = 25_000  # bytes
CELL_METADATA = ("alt", "cellView", "tags")


def lessons(folder: Path = NOTEBOOKS) -> list[Path]:
    """Return the lessons' paths in the order of the course, then those of the solutions, if there are any."""
    return [*sorted(folder.glob("[0-9][0-9]_*.ipynb")), *sorted((folder / "solutions").glob("*.ipynb"))]


def read(path: Path) -> NotebookNode:
    """Read a notebook."""
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def as_text(notebook: NotebookNode) -> str:
    """Return the text of the file that holds `notebook`."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def title(notebook: NotebookNode) -> str:
    """Return the lesson's title, such as "01 · What is in the data?"."""
    return notebook.cells[0].source.partition("\n")[0].removeprefix("# ").strip()


def measured(notebook: NotebookNode) -> dict[str, str]:
    """Return what the executed lesson measured: the value of its cell tagged `measured`, name → text."""
    for cell in notebook.cells:
        if "measured" in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    return ast.literal_eval(output.data["text/plain"])
    return {}


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
                picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
                for colours in (256, 20):
                    reduced = picture.quantize(colours, dither=Image.Dither.NONE)
                    smaller = io.BytesIO()
                    reduced.save(smaller, "PNG", optimize=True)
                    if colours < 256 and not _looks_the_same(reduced.convert("RGB"), picture):
                        break
                    if len(smaller.getvalue()) < len(base64.b64decode(output.data["image/png"])):
                        output.data["image/png"] = base64.b64encode(smaller.getvalue()).decode()
                    if len(smaller.getvalue()) < LARGE_PNG:
                        break


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
