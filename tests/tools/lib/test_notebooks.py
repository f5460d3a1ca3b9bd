"""Running notebooks, and the one form in which they are committed."""

import base64
import io
import os

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from tools.lib import notebooks
from tools.lib.files import Problem
from tools.lib.notebooks import (
    as_text,
    execute,
    lessons,
    normalise,
    picture_live_pages,
    shrink_images,
)


def run(folder, *sources, **variables):
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    execute(notebook, {**os.environ, **variables}, folder)
    return notebook


def png(cell):
    return base64.b64decode(cell.outputs[0].data["image/png"])


def test_what_libraries_write_to_the_terminal_is_no_part_of_a_lesson(tmp_path):
    notebook = run(tmp_path, 'import os\nos.write(2, b"cuda " + b"noise");', "os.getcwd()")
    assert (
        notebook.cells[0].outputs == [] and str(tmp_path) in notebook.cells[1].outputs[0].data["text/plain"]
    )


def test_a_kernel_that_dies_is_reported_with_its_cell_and_one_that_cannot_start_with_its_last_words(tmp_path):
    with pytest.raises(Problem, match=r"cell 1:\s+import os\s+os._exit\(3\)\s+Kernel died"):
        run(tmp_path, "import os\nos._exit(3)")
    (tmp_path / "ipykernel_launcher.py").write_text("raise ImportError('a broken installation')")
    with pytest.raises(Problem, match="did not start: .*ImportError: a broken installation"):
        run(tmp_path, "1", PYTHONPATH=str(tmp_path))


def test_a_cell_that_writes_without_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "MOST_OUTPUT", 1_000_000)
    with pytest.raises(Problem, match="wrote more than 1 MB"):
        run(tmp_path, "while True:\n    print('x' * 1000)")


def test_pictures_are_stored_small_and_look_the_same(tmp_path):
    bars = "import matplotlib.pyplot as plt\nplt.bar(range(5), range(5), color=list('rgbcm'));"
    notebook = run(tmp_path, bars)
    before = png(notebook.cells[0])
    shrink_images(notebook)
    after = png(notebook.cells[0])
    assert len(after) < 0.6 * len(before)
    old, new = (np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int) for data in (before, after))
    assert abs(old - new).mean() < 1
    shrink_images(notebook)
    assert png(notebook.cells[0]) == after


def test_a_scale_of_colours_keeps_both_its_ends():
    rng = np.random.default_rng(seed=1)
    picture = np.zeros((200, 800, 3), np.uint8)
    picture[..., 0] = rng.integers(100, 256, (200, 800))  # a large picture in reds,
    picture[..., 1:] = rng.integers(0, 60, (200, 800, 2))
    picture[80:90, :200] = (30, 100, 200)  # and a little blue
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    output = new_output("display_data", {"image/png": base64.b64encode(file.getvalue()).decode()})
    notebook = new_notebook(cells=[new_code_cell("", outputs=[output])])
    shrink_images(notebook)
    red, _, blue = Image.open(io.BytesIO(png(notebook.cells[0]))).convert("RGB").getpixel((10, 85))
    assert blue > red + 100


def test_a_page_that_ends_with_the_kernel_is_kept_as_a_picture(tmp_path, monkeypatch):
    (tmp_path / "page.png").write_bytes(b"a picture")
    monkeypatch.setattr(notebooks, "LIVE_PAGE", tmp_path / "page.png")
    cell = new_code_cell("", outputs=[new_output("display_data", {"text/html": "<iframe></iframe>"})])
    cell.metadata.tags = ["live"]
    picture_live_pages(new_notebook(cells=[cell]))
    assert png(cell) == b"a picture" and "iframe" not in str(cell.outputs)


def test_normalising_mends_what_an_editor_left_and_nothing_else():
    first = nbformat.v4.reads_json(lessons()[0].read_text(encoding="utf-8"))
    before = as_text(first)
    first.metadata.update(vscode={"interpreter": "/x"}, widgets={}, colab={"provenance": []})
    first.metadata.language_info.version = "3.12.1"
    first.metadata.kernelspec.name = "venv"
    first.cells[3].metadata.execution = {"iopub.execute_input": "2026"}
    assert as_text(normalise(first)) == before


def test_pieces_of_one_stream_are_joined():
    pieces = [new_output("stream", name="stdout", text="2")] * 2
    notebook = new_notebook(cells=[new_code_cell("print(22)", outputs=pieces)])
    assert [output.text for output in normalise(notebook).cells[0].outputs] == ["22"]


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
    paid = {"accelerator": "TPU", "colab": {"gpuType": "A100"}}
    metadata = normalise(new_notebook(cells=[new_code_cell(code)], metadata=paid)).metadata
    asked = {key: value for key, value in metadata.items() if key in paid}
    assert asked == ({"accelerator": "GPU", "colab": {"gpuType": "T4"}} if helps else {})


def test_lessons_come_in_order_and_solutions_after_them(tmp_path):
    for name in ("02_b.ipynb", "01_a.ipynb", "solutions/01_a.ipynb", "Untitled.ipynb", "solutions/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in lessons(tmp_path)]
    assert names == ["01_a.ipynb", "02_b.ipynb", "solutions/01_a.ipynb"]
