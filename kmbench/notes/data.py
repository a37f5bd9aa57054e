"""Notes about how the data was read: ``KM1xx``."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

KINDS: dict[str, NoteKind] = {
    "KM101": NoteKind(
        title="column left out",
        text="{column} was left out: {reason}",
        explanation="The column says nothing about which rows are alike, or it cannot be read as "
        "numbers or categories. Name it to read it another way.",
    ),
    "KM102": NoteKind(
        title="how a column was read",
        text="{column}: {how}",
        explanation="What stands in the column can be written in several ways; this says how it was taken.",
    ),
    "KM103": NoteKind(
        title="constant column",
        text="{column} was left out: it is {value:g} in every row that is left",
        explanation="After rows with missing values were left out, the column no longer varies.",
    ),
    "KM104": NoteKind(
        title="rows left out",
        text="{rows} rows with missing values were left out: {columns}",
        explanation="Only rows without a gap are clustered; the others get no segment. The columns "
        "with gaps are named with how many they have.",
    ),
    "KM105": NoteKind(
        title="missing values filled",
        text="missing values were filled with the {missing} (text: the most frequent): {columns}",
        explanation="A filled value pulls its row towards the middle. Where many values are missing, "
        "leave the column out.",
    ),
    "KM106": NoteKind(
        title="name of the new column",
        text="the table has a column segment, so the new one is called {column}",
        explanation="No column of the input is overwritten.",
    ),
    "KM161": NoteKind(
        title="first frame",
        text="the first of {frames} frames",
        explanation="The file holds an animation or several pages; only the first is read.",
    ),
    "KM162": NoteKind(
        title="cut to 8 bits",
        text="colours were cut to 8 bits per channel, as Pillow reads them",
        explanation="The file holds more than 8 bits for each colour. What lies below the eighth bit is lost.",
    ),
    "KM163": NoteKind(
        title="converted colours",
        text="{mode} was converted to RGB, without a colour profile",
        explanation="Without the profile of the device, the colours are near those that were meant, "
        "and not equal to them.",
    ),
    "KM164": NoteKind(
        title="grey reduced to 8 bits",
        text="grey values were reduced to 8 bits",
        explanation="The file holds finer grey values than a PNG with a palette can.",
    ),
    "KM165": NoteKind(
        title="few colours",
        text="the picture has only {colours}: all are kept",
        explanation="There is nothing to reduce: the picture has no more colours than were asked for.",
    ),
    "KM166": NoteKind(
        title="sampled pixels",
        text="the colours were found from {sampled:,} of {pixels:,} pixels",
        explanation="The palette comes from a sample; every pixel is then painted in the nearest of its colours.",
    ),
    "KM167": NoteKind(
        title="fewer colours than asked",
        text="{left} colours are left of {asked}: others were equal once rounded to 8 bits, or not used",
        explanation="Two centroids can round to one colour of 8 bits, and a centroid can be the nearest of no pixel.",
    ),
}
