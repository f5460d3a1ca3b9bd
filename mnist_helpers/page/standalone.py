"""The page that runs in the visitor's browser alone: as one text, as a folder, and in a notebook.

Its files lie in static/. It needs no server and fetches nothing.
"""

import re
from html import escape
from pathlib import Path

FILES = Path(__file__).parent / "static"
LESSON = r'https://github\.com/[^"]+/notebooks/(\w+)\.ipynb'  # as links in index.html name it


def show(height=780):
    """Show the page below a notebook's cell: JupyterLab, Colab and VS Code need nothing else.

    Args:
        height: of its frame, in pixels.

    Returns:
        `IPython.display.HTML`, a frame that holds the whole page (1.2 MB) and has no access to the notebook.
    """
    from IPython.display import HTML

    frame = 'title="What a network sees" sandbox="allow-scripts allow-popups" style="width: 100%; border: 0'
    frame = f'<iframe {frame}; height: {int(height)}px" srcdoc="{escape(as_one_text())}"></iframe>'
    return HTML(f"<div>{frame}</div>")


def as_one_text():
    """Return the whole page as one HTML text, its style, scripts and weights inside."""
    page = _read("index.html").replace("<head>", '<head>\n<base target="_blank">', 1)
    style = f"<style>\n{_read('style.css')}</style>"
    page = page.replace('<link rel="stylesheet" href="style.css">', style)
    names = re.findall(r'<script defer src="(.+?)"></script>\n', page)
    page = re.sub(r"<script defer .+?</script>\n", "", page)
    scripts = "".join(f"<script>\n{_read(name)}</script>\n" for name in names)
    return page.replace("</body>", f"{scripts}</body>")


def write_page(folder, lessons=None):
    """Write the page into a folder, from where any web server, or a browser without one, shows it.

    Args:
        folder: where to write index.html and what it needs; made when it is not there.
        lessons: address of a lesson's page with its name as `{}`, such as "../{}.html"; when left out, links
            lead to the lessons on GitHub.

    Raises:
        OSError: it can't be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in FILES.iterdir():
        text = _read(path.name)
        if lessons and path.name == "index.html":
            text = re.sub(LESSON, lambda match: lessons.format(match[1]), text)
        (folder / path.name).write_text(text, encoding="utf-8", newline="\n")


def _read(name):
    return (FILES / name).read_text(encoding="utf-8")
