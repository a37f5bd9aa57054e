"""What every result can do in a notebook: a line, a table with its figure, `.frame()`, `.plot()` and `.save()`."""

from __future__ import annotations

from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from kmbench.whole_file import whole_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Shown", "Shows", "image_of", "new_or_given"]


class Shows(Protocol):
    """A module that shows one kind of result."""

    def sentence(self, result: Any) -> str:
        """Return the answer in one sentence."""

    def frame(self, result: Any) -> pd.DataFrame:
        """Return the table."""

    def plot(self, result: Any, ax: Axes) -> None:
        """Draw the figure on axes."""

    def save(self, result: Any, path: Path) -> None:
        """Write the result in the form that the path's suffix names."""


class Shown:
    """A result that a notebook shows.

    Attributes
    ----------
    shown_by : str
        Name of the module that words and draws it. It is imported when the result is first shown: results stand
        below their reports, and a script that only reads figures pays for none.
    own_suffixes : tuple of str
        Suffixes that mean something else than the figure or the table.
    """

    __slots__ = ()
    shown_by: ClassVar[str]
    own_suffixes: ClassVar[tuple[str, ...]] = ()

    def _shows(self) -> Shows:
        return cast(Shows, import_module(self.shown_by))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._shows().sentence(self)}>"

    def _repr_html_(self) -> str:
        """Return the sentence, the figure and the table, for a notebook."""
        shows = self._shows()
        table = shows.frame(self).head(30).to_html(index=False, border=0, float_format="{:.4g}".format, na_rep="")
        return f"<p><strong>{escape(shows.sentence(self))}</strong></p>{image_of(self.plot())}{table}"

    def frame(self) -> pd.DataFrame:
        """Return the result as a data frame."""
        return self._shows().frame(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default on a new figure, ``ax.figure``.

        Returns
        -------
        Axes
        """
        ax = new_or_given(ax)
        self._shows().plot(self, ax)
        return ax

    def save(self, path: str | Path) -> Path:
        """Write the result in the form that the suffix names, and return the path.

        Parameters
        ----------
        path : str or Path
            ``.png``, ``.svg`` or ``.pdf``: the figure. ``.csv``: the table. Other suffixes depend on the result, and
            the error names them.

        Raises
        ------
        OutputError
            If there is no such form, or the file cannot be written.
        """
        path = Path(path).expanduser()
        suffix = path.suffix.lower()
        if suffix in self.own_suffixes or suffix not in (".png", ".svg", ".pdf", ".csv"):
            self._shows().save(self, path)
        elif suffix == ".csv":
            with whole_file(path, "choose another path") as temporary:
                self.frame().to_csv(temporary, index=False, lineterminator="\n")
        else:
            with whole_file(path, "choose another path") as temporary:
                figure: Any = self.plot().figure
                figure.savefig(temporary, format=suffix[1:], bbox_inches="tight")
        return path


def new_or_given(ax: Axes | None) -> Axes:
    """Return axes as they are given, or new ones on a figure that no window and no notebook holds."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(7, 4), layout="constrained").add_subplot()


def image_of(ax: Axes) -> str:
    """Return what axes show as an element of HTML."""
    import base64
    import io

    target = io.BytesIO()
    figure: Any = ax.figure
    figure.savefig(target, format="png", dpi=110, bbox_inches="tight")
    data = base64.b64encode(target.getvalue()).decode()
    return f'<img alt="" style="max-width:100%;background:#fff" src="data:image/png;base64,{data}">'
