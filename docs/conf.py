"""The documentation site. `make docs` builds it with warnings as errors; nothing on it is fetched from elsewhere."""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "kmbench"
author = "the kmbench authors"
release = importlib.metadata.version("kmbench")
extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "example_pages",
    "reference_pages",
    "report_pages",
    "repository_links",
]
exclude_patterns = ["_build", "_ext"]
smartquotes = False  # two dashes are an option

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings give shapes, types and units
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "kmbench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_search_summary = False  # the search would fetch each page, which a browser refuses for files
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "search_bar_text": "Search",
    "navigation_with_keys": False,
}
copyright = "the kmbench authors, MIT licence"
