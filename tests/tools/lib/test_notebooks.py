"""Running notebooks, and the one form in which they are committed."""

import base64
import io
import os

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from tools.lib import notebooks
from tools.lib.files import Problem
from tools.lib.notebooks import as_text, execute, finish, lessons, normalise, read, smaller


def run(folder, *sources, **variables):
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    execute(notebook, {**os.environ, **variables}, folder)
    return notebook


def test_what_libraries_write_to_the_terminal_is_no_part_of_a_lesson_and_a_stream_is_one_piece(tmp_path):
    code = 'import os, sys\nos.write(2, b"noise")\nprint(1, flush=True)\nsys.stdout.flush()\nprint(2)'
    notebook = run(tmp_path, code, "os.getcwd()")
    assert [output.text for output in notebook.cells[0].outputs] == ["1\n2\n"]
    assert str(tmp_path) in notebook.cells[1].outputs[0].data["text/plain"]


def test_a_kernel_that_dies_is_reported_with_its_cell_and_one_that_cannot_start_with_its_last_words(tmp_path):
    with pytest.raises(Problem, match=r"cell 1:\s+import os\s+os._exit\(3\)\s+Kernel died"):
        run(tmp_path, "import os\nos._exit(3)")
    (tmp_path / "ipykernel_launcher.py").write_text("raise ImportError('a broken installation')")
    with pytest.raises(Problem, match="did not start: .*ImportError: a broken installation"):
        run(tmp_path, "1", PYTHONPATH=str(tmp_path))


def test_pictures_are_stored_small_and_a_scale_of_colours_keeps_both_its_ends():
    rng = np.random.default_rng(seed=1)
    pixels = np.zeros((200, 800, 3), np.uint8)
    pixels[..., 0] = rng.integers(100, 256, (200, 800))  # a large picture in reds,
    pixels[..., 1:] = rng.integers(0, 60, (200, 800, 2))
    pixels[80:90, :200] = (30, 100, 200)  # and a little blue
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    png = smaller(file.getvalue())
    assert len(png) < 0.6 * len(file.getvalue()) and smaller(png) == png
    stored = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), int)
    assert abs(stored - pixels).mean() < 20 and stored[85, 10, 2] > stored[85, 10, 0] + 100


def test_a_page_that_ends_with_the_kernel_is_kept_as_a_picture(tmp_path, monkeypatch):
    (tmp_path / "page.png").write_bytes(b"a picture")
    monkeypatch.setattr(notebooks, "LIVE_PAGE", tmp_path / "page.png")
    cell = new_code_cell("", outputs=[new_output("display_data", {"text/html": "<iframe></iframe>"})])
    cell.metadata.tags = ["live"]
    finish(new_notebook(cells=[cell]))
    assert base64.b64decode(cell.outputs[0].data["image/png"]) == b"a picture"


def test_normalising_mends_what_an_editor_left_and_nothing_else():
    first = read(lessons()[0])
    before = as_text(first)
    first.metadata.update(vscode={"interpreter": "/x"}, widgets={}, colab={"provenance": []})
    first.metadata.language_info.version = "3.12.1"
    first.cells[3].metadata.execution = {"iopub.execute_input": "2026"}
    assert as_text(normalise(first)) == before


@pytest.mark.parametrize(
    "code, helps",
    [
        ("model = keras.Sequential([layers.Conv2D(8, 3)])\nmodel.fit(x, y)", True),
        ("network = build_fast_cnn()\nnetwork.fit(x, y)", True),
        ("network = build_dense_512()\nnetwork.fit(x, y)", False),
        ("network = build_fast_cnn()\nnetwork.load_weights(path)", False),
    ],
)
def test_colab_is_asked_for_its_free_gpu_where_convolutions_are_trained(code, helps):
    metadata = normalise(new_notebook(cells=[new_code_cell(code)], metadata={"accelerator": "TPU"})).metadata
    assert metadata.get("accelerator") == ("GPU" if helps else None)


def test_lessons_come_in_order_and_solutions_after_them(tmp_path):
    for name in ("02_b.ipynb", "01_a.ipynb", "solutions/01_a.ipynb", "Untitled.ipynb", "solutions/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in lessons(tmp_path)]
    assert names == ["01_a.ipynb", "02_b.ipynb", "solutions/01_a.ipynb"]
