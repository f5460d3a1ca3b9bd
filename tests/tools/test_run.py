"""`course.py run`, with real kernels on small notebooks."""

import base64
import io
import re

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from tools import run
from tools.lib.kernel import Data
from tools.lib.notebooks import as_text, picture_live_pages, shrink_images

DRAWING = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two small lessons, with its own build folder."""
    (tmp_path / "notebooks").mkdir()
    write(tmp_path, "01_one", "## No picture yet", "1 + 1", DRAWING, '{"accuracy": "98.0%", "<b>": "12"}')
    write(tmp_path, "02_two", "## Nothing", "import os", 'os.environ["MNIST_SOURCE"]', "{}")
    monkeypatch.setattr(run, "BUILD", tmp_path / "build")
    monkeypatch.setattr(run, "lessons", lambda: sorted((tmp_path / "notebooks").glob("*.ipynb")))
    monkeypatch.setattr(run, "resolve_data", resolve_nothing)
    return tmp_path


def resolve_nothing(source):
    import os

    return Data(f"small data ({source})", {**os.environ, "MNIST_SOURCE": "sample"})


def write(folder, name, prose, *sources):
    cells = [new_markdown_cell(f"# {name[:2]} · What is {name[3:]}?"), new_markdown_cell(prose)]
    cells += [new_code_cell(source) for source in sources]
    cells[-1].metadata.tags = ["measured"]
    for cell in cells:
        if cell.source == DRAWING:
            cell.metadata.alt = "A rising line."
    (folder / "notebooks" / f"{name}.ipynb").write_text(as_text(new_notebook(cells=cells)), encoding="utf-8")


def test_run_executes_every_lesson_and_shows_what_each_measured(course, capfd):
    before = {path.name: path.read_bytes() for path in (course / "notebooks").iterdir()}
    assert run.main([]) == 0
    out = capfd.readouterr().out
    assert "lesson 1 of 2, 01_one: cell 5 of 5" in out and "lesson 2 of 2, 02_two" in out
    assert "Measured on small data (None)" in out
    assert re.search(r"01_one +accuracy +98\.0%", out)
    assert {path.name: path.read_bytes() for path in (course / "notebooks").iterdir()} == before
    executed = nbformat.read(course / "build" / "02_two.ipynb", as_version=4)
    assert executed.cells[3].outputs[0].data["text/plain"] == "'sample'"


def test_pages_need_no_network_and_describe_their_pictures(course):
    run.main([])
    page = (course / "build" / "01_one.html").read_text(encoding="utf-8")
    assert 'alt="A rising line."' in page and "data:image/png;base64," in page
    assert not re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//', page)
    assert not re.findall(r"""import\(?\s*['"]https?:""", page)


def test_pages_lead_back_to_the_index_where_the_notebook_has_its_badge(course):
    path = course / "notebooks" / "02_two.ipynb"
    notebook = nbformat.read(path, as_version=4)
    badge = new_markdown_cell("[![Open](https://example.com/badge.svg)](https://example.com)")
    badge.metadata.tags, notebook.cells[2].metadata.tags = ["badge"], ["setup"]
    notebook.cells.insert(1, badge)
    path.write_text(as_text(notebook), encoding="utf-8")
    assert run.main(["02"]) == 0
    page = (course / "build" / "02_two.html").read_text(encoding="utf-8")
    assert 'href="index.html"' in page and "example.com" not in page
    assert "os" in page.split("<details>")[1].split("</details>")[0]


def test_the_index_leads_to_every_lesson_and_escapes_what_it_shows(course):
    run.main([])
    index = (course / "build" / "index.html").read_text(encoding="utf-8")
    assert 'href="01_one.html"' in index and 'href="02_two.html"' in index
    assert "&lt;b&gt;" in index and "<b>" not in index and "small data" in index


def test_one_lesson_can_be_run_alone(course, capfd):
    assert run.main(["02", "--data", "sample"]) == 0
    assert "lesson 1 of 1, 02_two" in capfd.readouterr().out
    assert not (course / "build" / "01_one.html").exists()


def test_a_lesson_that_does_not_exist_is_named_with_those_that_do(course):
    with pytest.raises(SystemExit, match="no lesson starts with '07'; there are 01_one, 02_two"):
        run.main(["07"])


def test_a_failing_cell_is_shown_with_its_notebook_source_and_error(course, capfd):
    write(course, "01_one", "prose", "1 + 1", "numerator = 1\nnumerator / 0", "{}")
    assert run.main([]) == 1
    captured = capfd.readouterr()
    assert "01_one, cell 4" in captured.err and "numerator / 0" in captured.err
    assert "ZeroDivisionError: division by zero" in captured.err and "02_two" not in captured.out


def test_a_kernel_that_dies_ends_the_run_with_a_message(course, capfd):
    write(course, "01_one", "prose", "import os\nos._exit(3)", "{}")
    assert run.main(["01"]) == 1
    assert "01_one, cell 3" in capfd.readouterr().err


def test_what_libraries_write_to_the_terminal_is_no_part_of_a_lesson(course):
    write(course, "01_one", "prose", 'import os\nos.write(2, b"cuda " + b"noise");', "{}")
    assert run.main(["01"]) == 0
    assert "cuda noise" not in (course / "build" / "01_one.ipynb").read_text(encoding="utf-8")


def test_pictures_are_stored_small_and_look_the_same(course):
    bars = "import matplotlib.pyplot as plt\nplt.bar(range(5), range(5), color=list('rgbcm'));"
    write(course, "01_one", "prose", bars, "{}")
    notebook = nbformat.read(course / "notebooks" / "01_one.ipynb", as_version=4)
    NotebookClient(notebook).execute()
    before = png(notebook.cells[2])
    shrink_images(notebook)
    after = png(notebook.cells[2])
    assert len(after) < 0.6 * len(before)
    pictures = [
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int) for data in (before, after)
    ]
    assert abs(pictures[0] - pictures[1]).mean() < 1
    shrink_images(notebook)
    assert png(notebook.cells[2]) == after


def test_a_scale_of_colours_keeps_both_its_ends():
    rng = np.random.default_rng(seed=1)
    picture = np.zeros((200, 800, 3), np.uint8)
    picture[..., 0] = rng.integers(100, 256, (200, 800))  # a large picture in reds,
    picture[..., 1:] = rng.integers(0, 60, (200, 800, 2))
    picture[80:90, :200] = (30, 100, 200)  # and a little blue
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    output = nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(file.getvalue()).decode()})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output])])
    shrink_images(notebook)
    red, _, blue = Image.open(io.BytesIO(png(notebook.cells[0]))).convert("RGB").getpixel((10, 85))
    assert blue > red + 100


def test_a_page_that_ends_with_the_kernel_is_kept_as_a_picture(course, tmp_path, monkeypatch):
    (tmp_path / "page.png").write_bytes(b"a picture")
    monkeypatch.setattr("tools.lib.notebooks.LIVE_PAGE", tmp_path / "page.png")
    opens = "from IPython.display import HTML\nHTML('<iframe></iframe>')"
    write(course, "01_one", "prose", opens, "{}")
    notebook = nbformat.read(course / "notebooks" / "01_one.ipynb", as_version=4)
    notebook.cells[2].metadata["tags"] = ["live"]
    NotebookClient(notebook).execute()
    picture_live_pages(notebook)
    assert png(notebook.cells[2]) == b"a picture" and "iframe" not in str(notebook.cells[2].outputs)


def png(cell):
    return base64.b64decode(cell.outputs[0].data["image/png"])


def test_maintainers_can_save_the_results_in_the_notebooks_themselves(course):
    run.main(["01", "--write"])
    notebook = nbformat.read(course / "notebooks" / "01_one.ipynb", as_version=4)
    assert [cell.execution_count for cell in notebook.cells[2:]] == [1, 2, 3]
    assert notebook.cells[3].outputs[0].metadata["image/png"]["alt"] == "A rising line."
    assert notebook.metadata.language_info == {"name": "python"}
