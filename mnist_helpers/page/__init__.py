"""The live page: `from mnist_helpers.page import build_page; build_page().launch()`."""

from mnist_helpers.page.app import build_page

__all__ = ["build_page"]
