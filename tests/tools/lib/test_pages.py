"""The site of the lessons: what a reader finds on it, and that nothing of it comes from elsewhere."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from tests.support.browser import need, open_browser
from tools.lib.files import ROOT
from tools.lib.notebooks import lessons, read, title
from tools.lib.pages import MOVED, with_links, write_site

AXE = ROOT / "build" / "axe-core" / "node_modules" / "axe-core" / "axe.min.js"
FETCHED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "srcset",
    "object": "data",
}


class Links(HTMLParser):
    """What a page fetches by itself, where it leads, and its pictures."""

    def __init__(self, path):
        super().__init__()
        self.fetched, self.leads_to, self.pictures = [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag in FETCHED and values.get(FETCHED[tag]):
            self.fetched += [values[FETCHED[tag]]] if not values[FETCHED[tag]].startswith("data:") else []
        if tag == "a" and values.get("href"):
            self.leads_to.append(values["href"])
        if tag == "img":
            self.pictures.append(values)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site of the notebooks as they are committed."""
    folder = tmp_path_factory.mktemp("my cöurse") / "site"
    notebooks = {}
    for path in lessons():
        address = f"solutions/{path.stem}" if path.parent.name == "solutions" else path.stem
        notebooks[address] = read(path)
    write_site(notebooks, folder)
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path.relative_to(site).as_posix(): Links(path) for path in site.rglob("*.html")}


def words(page):
    return " ".join(re.sub("<[^>]*>", " ", page.read_text(encoding="utf-8")).split())


def test_every_link_leads_to_a_page_and_nothing_is_fetched_from_elsewhere(site, pages):
    for name, page in pages.items():
        for link in [*page.fetched, *page.leads_to]:
            if re.match(r"\w+:", link):
                assert link in page.leads_to and link not in page.fetched, f"{name} fetches {link}"
                continue
            target = (site / name).parent / unquote(re.split("[?#]", link)[0])
            assert not link.endswith(".ipynb") and (not re.split("[?#]", link)[0] or target.exists()), (
                name,
                link,
            )
    for path in [*site.rglob("*.css"), *site.rglob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"""(?:url\(|@import|import\()\s*['"]?(?:https?:)?//""", text), path


def test_the_front_door_asks_every_lessons_question_and_leads_to_the_page_to_draw_on(site, pages):
    front = words(site / "index.html")
    for path in lessons():
        if path.parent.name != "solutions":
            assert title(read(path)) in front and f"{path.stem}.html" in pages["index.html"].leads_to
    assert "minutes to read" in front and "draw/index.html" in pages["index.html"].leads_to
    assert pages["index.html"].pictures[0]["alt"].startswith("A handwritten 4")


def test_a_lesson_leads_on_shows_tables_and_describes_every_picture(site, pages):
    lesson, text = pages["06_cnn.html"], words(site / "06_cnn.html")
    source = read(ROOT / "notebooks" / "06_cnn.ipynb")
    alts = [cell.metadata.alt for cell in source.cells if cell.metadata.get("alt")]
    assert [picture["alt"] for picture in lesson.pictures] == alts
    assert all(int(picture["width"]) > 100 for picture in lesson.pictures)
    assert {"05_dense.html", "07_training.html", "solutions/06_cnn.html"} <= set(lesson.leads_to)
    assert (
        "Next: 07 asks" in re.sub(r"\s+(?=[:.,])", "", text) and "CNN against dense, one pass higher" in text
    )
    assert "{'" not in text.replace("f&quot;{", "") and "<details><summary>The set-up cell" in (
        site / "06_cnn.html"
    ).read_text(encoding="utf-8")


def test_what_was_published_under_another_name_leads_on(site):
    for old, new in {**MOVED, "solutions-01_loading": "solutions/01_loading"}.items():
        assert f"url={new}.html" in (site / f"{old}.html").read_text(encoding="utf-8")
        assert (site / f"{new}.html").exists() and not (ROOT / "notebooks" / f"{old}.ipynb").exists()


def test_only_numbers_of_lessons_after_next_and_before_become_links():
    text = "In 06.\n\n**Before:** 06, or 77. **Next:** 06 asks: 99%? [Solutions](solutions/06_cnn.ipynb)"
    link, end = "[06](06_cnn.ipynb)", "[Solutions](solutions/06_cnn.ipynb)"
    linked = f"In 06.\n\n**Before:** {link}, or 77. **Next:** {link} asks: 99%? {end}"
    assert with_links(text, {"06": "06_cnn"}) == linked


@pytest.mark.slow
def test_in_a_browser_the_site_fits_phones_searches_without_a_network_and_is_open_to_all(site):
    need(AXE.exists(), "type: npm install --prefix build/axe-core axe-core@4.14.1")
    with open_browser() as browser:
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme, reduced_motion="reduce")
            asked, errors = [], []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("pageerror", lambda error, errors=errors: errors.append(error))
            for name in ("index", "01_loading", "06_cnn"):
                for width in (390, 1280, 2560):
                    page.set_viewport_size({"width": width, "height": 900})
                    page.goto((site / f"{name}.html").as_uri())
                    assert page.evaluate("document.documentElement.scrollWidth") <= width
                    beside = page.locator(".toc-drawer").bounding_box()
                    assert (0 <= beside["x"] < width - 200) == (width > 390)
                page.set_viewport_size({"width": 390, "height": 900})
                page.evaluate(AXE.read_text(encoding="utf-8"))
                found = page.evaluate("axe.run({preload: false})")["violations"]
                assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
            page.set_viewport_size({"width": 1280, "height": 900})
            page.fill("input[name=q]", "momentum")
            page.press("input[name=q]", "Enter")
            page.click("#search-results a >> text=07 · What brings it to 99%?")
            page.wait_for_url("**/07_training.html*")
            assert not errors and not [url for url in asked if not url.startswith(("file:", "data:"))]
