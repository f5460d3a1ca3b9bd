"""The page that runs in the browser alone: it computes what Python does, and visitors can use it."""

import base64
import io
import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from mnist_helpers.corruptions import corrupt
from mnist_helpers.data import load_mnist
from mnist_helpers.handwriting import answer
from mnist_helpers.handwriting.digit import prepare_digits
from mnist_helpers.page.standalone import show, write_page
from mnist_helpers.preprocessing import to_model_input
from tests.support.browser import need, open_browser
from tools.lib.files import ROOT
from tools.lib.strokes import WAYS, write_digit
from tools.maintain.weights import read

AXE = ROOT / "build" / "axe-core" / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def networks():
    """The two networks as Keras models, by name, with the page's own weights."""
    from mnist_helpers.models import build_dense, build_fast_cnn  # seconds, which few tests need

    models = {"dense": build_dense(), "cnn": build_fast_cnn()}
    for name, network in read().items():
        models[name].set_weights(network["arrays"])
    return models


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a page") / "draw"
    write_page(folder, lessons="../{}.html")
    return folder


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def tab(browser, folder):
    """A visitor's tab with the page open, from its folder; the visitor wants no motion."""
    with browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as tab:
        faults = []
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.goto((folder / "index.html").as_uri())
        tab.locator("#cnn-answer").filter(has_text="4").wait_for()
        yield tab
    assert faults == []


def write(tab, strokes, sheet=None):
    """Draw strokes with the mouse, in the middle of the sheet; coordinates are 0–1."""
    sheet = (sheet or tab.locator("#sheet")).bounding_box()
    for stroke in strokes:
        first, *others = np.array(stroke) * (0.4 * sheet["width"], 0.7 * sheet["height"])
        corner = np.array((sheet["x"] + 0.3 * sheet["width"], sheet["y"] + 0.15 * sheet["height"]))
        tab.mouse.move(*(first + corner))
        tab.mouse.down()
        for point in others:
            tab.mouse.move(*(point + corner))
        tab.mouse.up()


def wait_for(tab, digit, place="#cnn-answer"):
    tab.locator(f"{place} strong").filter(has_text=re.compile(f"^{digit}$")).wait_for()


# --- What it computes -----------------------------------------------------------------------------------


def packed(images):
    return base64.b64encode(np.ascontiguousarray(images)).decode()


def test_both_networks_give_the_probabilities_that_keras_gives(tab, networks):
    _, (images, _) = load_mnist()
    images = images[:1000]
    read_all = """(content) => {
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        const image = (i) => ({width: 28, height: 28, data: bytes.slice(784 * i, 784 * i + 784)});
        const images = Array.from({length: bytes.length / 784}, (_, i) => image(i));
        return [readDense, readCnn].map((read) => images.map((image) => [...read(image)]));
    }"""
    for name, found in zip(networks, tab.evaluate(read_all, packed(images)), strict=True):
        expected = networks[name].predict(to_model_input(images), batch_size=500, verbose=0)
        assert np.abs(found - expected).max() < 1e-4, name


def test_a_drawing_is_prepared_as_python_prepares_its_mask(tab, networks):
    rng = np.random.default_rng(seed=1)
    prepare = """(strokes) => {
        show(strokes);
        const image = prepareDigit(mask());
        return [sheet.toDataURL(), [...image.data], answer(readCnn(image)).digit];
    }"""
    masks, found, said = [], [], []
    for drawing in range(200):
        size, corner = rng.uniform(110, 330), rng.uniform(30, 80, size=2)
        strokes = write_digit(drawing % 10, rng, rng.choice([0.01, 0.03, 0.045]))
        url, image, digit = tab.evaluate(prepare, [(stroke * size + corner).tolist() for stroke in strokes])
        drawn = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        masks.append(255 * (np.array(drawn)[..., 3] > 127).astype(np.uint8))
        found.append(np.reshape(image, (28, 28)))
        said.append(digit)
    expected = np.stack([stages["centred"] for stages in prepare_digits(masks)])
    assert np.mean(np.abs(np.stack(found) - expected) <= 1) > 0.99
    probabilities = networks["cnn"].predict(to_model_input(expected), verbose=0)
    assert said == [answer(row).digit for row in probabilities]


def test_a_digit_is_moved_as_the_lessons_move_it(tab):
    (images, _), _ = load_mnist("sample")
    moved = "([image, turn, shift]) => [...moved({width: 28, height: 28, data: image}, turn, shift).data]"
    for kind, strength, ways in (
        ("shift", 3, [(0, 3), (0, -3)]),
        ("rotation", 25, [(25, 0), (-25, 0)]),
    ):
        found = [tab.evaluate(moved, [images[0].ravel().tolist(), *way]) for way in ways]
        expected = [corrupt(images[:1], kind, strength, seed=seed).ravel() for seed in range(12)]
        for way in found:  # `corrupt` draws the direction
            assert min(np.abs(way - other.astype(int)).max() for other in expected) <= 1, kind


@pytest.mark.mnist
def test_the_networks_score_what_the_page_says(tab, networks):
    _, (images, labels) = load_mnist()
    for name, model in networks.items():
        predicted = model.predict(to_model_input(images), batch_size=500, verbose=0).argmax(axis=1)
        assert abs(np.mean(predicted == labels) - read()[name]["accuracy"]) < 0.0003
        assert f"{read()[name]['accuracy']:.1%}" in tab.locator(f"#{name}-network").inner_text()


# --- How it is reached ----------------------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("way", ["a folder", "a server", "a notebook"])
def test_it_reads_a_drawing_wherever_it_lies_and_asks_nobody(browser, folder, tmp_path, way):
    (tmp_path / "cell.html").write_text(f"<meta charset=utf-8>{show().data}", encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        addresses = {
            "a folder": (folder / "index.html").as_uri(),
            "a server": f"http://127.0.0.1:{server.server_port}/",
            "a notebook": (tmp_path / "cell.html").as_uri(),
        }
        with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
            asked, faults = [], []
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.goto(addresses[way])
            tab = page.frame_locator("iframe") if way == "a notebook" else page
            tab.locator("#cnn-answer strong").wait_for()
            write(page, WAYS[7][0], tab.locator("#sheet"))
            wait_for(tab, 7)
            assert faults == [] and page.context.cookies() == []
        server.shutdown()
    ours = ("file:", "data:", "about:srcdoc", addresses["a server"])
    assert [address for address in asked if not address.startswith(ours)] == []


def test_it_is_small(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000


def test_links_lead_to_lessons_that_exist(tab):
    links = tab.locator("a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    lessons = [re.fullmatch(r"\.\./(.+)\.html", link) for link in links if "github.com" not in link]
    assert len(lessons) >= 4
    assert all((ROOT / "notebooks" / f"{lesson[1]}.ipynb").exists() for lesson in lessons)


# --- How it is used -------------------------------------------------------------------------------------


def test_every_sample_is_read_and_announced_with_the_keyboard_alone(tab):
    for digit in range(10):
        tab.get_by_role("button", name=f"Sample {digit}").focus()
        tab.keyboard.press("Enter")
        wait_for(tab, digit)
        wait_for(tab, digit, "#dense-answer")
    tab.locator("[role=status]").filter(has_text="The CNN reads 9. The dense network reads 9.").wait_for()


def test_undo_takes_back_a_stroke_and_brings_back_what_was_cleared(tab):
    write(tab, WAYS[7][0])  # in place of the sample
    wait_for(tab, 7)
    tab.get_by_role("button", name="Clear").click()
    tab.get_by_text("Draw a digit here").wait_for()
    assert tab.locator("#cnn-answer").inner_text() == ""
    tab.keyboard.press("Control+z")
    wait_for(tab, 7)
    tab.get_by_role("button", name="Undo").click()
    wait_for(tab, 4)  # the sample
    assert tab.get_by_role("button", name="Undo").is_disabled()


def test_a_dot_is_no_digit_yet(tab):
    write(tab, [[(0.5, 0.5), (0.52, 0.5)]])
    tab.wait_for_function("now.blank")
    assert tab.locator("#cnn-answer").inner_text() == ""


def test_a_digit_that_was_asked_for_is_judged_once_it_stands_still(tab):
    tab.get_by_role("button", name="Give me a digit to draw").click()
    digit = int(re.search(r"Draw me a (\d)", tab.locator("#asked").inner_text())[1])
    write(tab, WAYS[digit][1])
    tab.locator("#asked").filter(has_text="So far: ").wait_for()
    assert re.search(r"CNN \d of 1, dense \d of 1", tab.locator("#asked").inner_text())


def test_the_sliders_move_the_digit_and_both_curves_say_what_the_networks_give(tab):
    tab.get_by_role("button", name="Sample 4").click()
    tab.locator("#shift").focus()
    for _ in range(16):
        tab.keyboard.press("ArrowLeft")
    tab.get_by_text("Shift 8 pixels left").wait_for()
    tab.wait_for_function("SHIFT.shown === wanted(SHIFT) && TURN.shown === wanted(TURN)")
    for name, function in (("cnn", "readCnn"), ("dense", "readDense")):
        points = tab.locator(f"#shift-chart polyline.{name}").get_attribute("points").split()
        drawn = [1 - float(point.split(",")[1]) / 100 for point in points]
        expected = tab.evaluate(
            f"[...Array(17).keys()].map((i) => {function}(moved(now.image, -now.turn, i - 8))[4])"
        )
        assert np.allclose(drawn, expected, atol=1e-6) and max(drawn) > 0.9 > 0.6 > min(drawn)


def test_a_place_of_a_map_shows_its_window_the_filter_and_the_sum_that_keras_gets(tab, networks):
    kernel, bias = networks["cnn"].layers[0].get_weights()
    for filter_, row, column in ((0, 8, 10), (17, 12, 5)):
        box = tab.get_by_role("button", name=f"Filter {filter_ + 1}", exact=True).locator("canvas").first
        box.scroll_into_view_if_needed()
        box = box.bounding_box()
        tab.mouse.move(
            box["x"] + (column + 0.5) / 24 * box["width"], box["y"] + (row + 0.5) / 24 * box["height"]
        )
        tab.locator("#filter-name").filter(has_text=f"Filter {filter_ + 1}").wait_for()
        image = np.reshape(tab.evaluate("[...now.image.data]"), (28, 28)) / 255
        products = image[row : row + 5, column : column + 5] * kernel[:, :, 0, filter_]
        shown = tab.locator("#product-cells span").all_inner_texts()
        shown = [float(text.replace("−", "-")) for text in shown]
        assert np.allclose(shown, products.ravel(), atol=0.0051)
        total = products.sum() + bias[filter_]
        said = tab.locator("#sum-text strong").inner_text().replace("−", "-")
        assert abs(float(said) - total) < 0.0051


def test_deeper_maps_come_on_a_click(tab):
    for name, count, side in (("Pooling 1", 24, 12), ("Convolution 2", 32, 10), ("Pooling 2", 32, 5)):
        tab.get_by_role("button", name=name).click()
        assert tab.locator("#maps canvas").count() == count
        assert tab.locator("#maps canvas").first.get_attribute("width") == str(side)


def test_squeezed_and_prepared_give_the_network_other_images(tab):
    write(tab, WAYS[1][0])
    tab.get_by_role("button", name="Squeezed").click()
    squeezed = tab.evaluate("byId('gets').toDataURL()")
    tab.get_by_role("button", name="Prepared").click()
    assert tab.evaluate("byId('gets').toDataURL()") != squeezed
    assert tab.locator("#bars li").count() == 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280, 2560, 3840])
def test_it_fits_every_width_and_follows_the_theme(tab, width, scheme):
    tab.set_viewport_size({"width": width, "height": 844 if width < 500 else width * 9 // 16})
    tab.emulate_media(color_scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    paper = tab.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    brightness = np.mean([int(value) for value in re.findall(r"\d+", paper)[:3]])
    assert (brightness > 128) == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(tab, width, scheme):
    need(AXE.exists(), "type: npm install --prefix build/axe-core axe-core@4.14.1")
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run({preload: false}).then(({violations}) => violations)")
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == []
