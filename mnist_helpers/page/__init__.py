"""The live pages: one runs in the browser alone, one has a Python server and reads photographs too.

from mnist_helpers.page import show; show()
from mnist_helpers.page import build_page; build_page().launch()
"""

from mnist_helpers.page.standalone import show

__all__ = ["build_page", "show"]


def __getattr__(name):  # Gradio and the network are loaded only where they are asked for
    if name == "build_page":
        from mnist_helpers.page.app import build_page

        return build_page
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
