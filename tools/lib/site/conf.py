"""Sphinx's settings for the site of the lessons; tools/lib/pages.py prepares the sources and runs Sphinx."""

project = html_title = "A first course in deep learning"
html_show_copyright = False
extensions = ["myst_nb", "sphinx_copybutton"]
nb_execution_mode = "off"  # the notebooks have their outputs
nb_merge_streams = True
myst_enable_extensions = ["attrs_block"]

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "static/icon.svg"
html_copy_source = html_show_sourcelink = html_use_index = False
html_show_search_summary = False  # it would be fetched, which a browser refuses to a page from a folder
copybutton_selector = "div.cell_input pre, details pre"
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"

_light = {"page": "#fff", "side": "#f6f5f1", "line": "#dedcd4", "text": "#1e222a", "quiet": "#5c616c"}
_dark = {"page": "#121418", "side": "#1b1e24", "line": "#343942", "text": "#e6e8ed", "quiet": "#a2a8b4"}


def _variables(colour: dict[str, str], accent: str) -> dict[str, str]:
    """Return Furo's variables for a scheme of colours, those of the page to draw on."""
    return {
        "color-background-primary": colour["page"],
        "color-background-secondary": colour["side"],
        "color-background-border": colour["line"],
        "color-foreground-primary": colour["text"],
        "color-foreground-secondary": colour["quiet"],
        "color-foreground-muted": colour["quiet"],
        **dict.fromkeys(("color-code-background", "color-highlight-on-target"), colour["side"]),
        **dict.fromkeys(("color-brand-primary", "color-brand-content", "color-brand-visited"), accent),
    }


html_theme_options = {
    "light_css_variables": _variables(_light, "#2a5ccd"),
    "dark_css_variables": _variables(_dark, "#82acff"),
}
