"""Notes about how the data was read: ``KM1xx``; tables and precision up to 149, vectors and pictures from 150."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

_NAME_IT = "name it in columns= to cluster by it"

KINDS: dict[str, NoteKind] = {
    "KM101": NoteKind(
        title="guessed encoding",
        text="{where} is not UTF-8: its texts were read as cp1252",
        explanation="Numbers are the same in all encodings of one byte; names and texts may show wrong letters.",
    ),
    "KM102": NoteKind(
        title="lines above the table",
        text="{count} line(s) above the table were skipped: {example!r}",
        explanation="Reports put a title, a date or comments above the header. The table begins with the first line "
        "that has as many fields as most lines have.",
    ),
    "KM103": NoteKind(
        title="line of units",
        text="the line below the header holds units and is no row: {units}",
        explanation="Instruments write units such as kg or m/s below the names.",
    ),
    "KM104": NoteKind(
        title="empty lines",
        text="{count} empty line(s) are no rows; the first is {place}",
        explanation="Spreadsheets save every row that was ever formatted as a line of delimiters.",
    ),
    "KM105": NoteKind(
        title="short lines",
        text="{count} line(s) have fewer fields than columns, the first is {place}: what is not there is missing",
        explanation="Some programs leave empty fields at the end of a line away.",
    ),
    "KM106": NoteKind(
        title="line of totals",
        text="{place} holds totals and is no row: {example}",
        explanation="A line of sums is far from all rows and would be a cluster of its own. The sums are the proof, or "
        "a word such as Total alone beside empty fields.",
    ),
    "KM107": NoteKind(
        title="footnote",
        text="{place} holds one text alone and is no row: {example!r}",
        explanation="Exports name their source or date below the table.",
    ),
    "KM108": NoteKind(
        title="perhaps totals",
        text="{place} begins with {example!r}, but its numbers are no sums: it was kept as a row",
        hint="remove it if it is none",
        explanation="A line that may hold totals of something else.",
    ),
    "KM110": NoteKind(
        title="thousands separators",
        text="{column}: thousands separators were read as such, {example!r} as {value}",
        hint="decimal={other} reads it the other way",
        explanation="The same text is 1.234 in one country and 1234 in another; what decides is in docs/data.md.",
    ),
    "KM111": NoteKind(
        title="decimal commas",
        text="{column}: decimal commas were read as such, {example!r} as {value}",
        explanation="Tables of most of Europe and South America.",
    ),
    "KM112": NoteKind(
        title="units in the values",
        text="{column}: its values were read without {unit}",
        explanation="A currency, a per cent sign or a unit that all values share; 5 % is read as 5.",
    ),
    "KM113": NoteKind(
        title="flag",
        text="{column}: {yes!r} was read as 1 and {no!r} as 0",
        explanation="A column that says yes or no is one column of 0 and 1, however it is coded, and not standardised.",
    ),
    "KM114": NoteKind(
        title="dates",
        text="{column} was left out: it holds dates such as {example!r}",
        hint="name it in columns= to cluster by days",
        explanation="Whether two rows are alike because they are close in time, only the user knows.",
    ),
    "KM115": NoteKind(
        title="codes",
        text="{column} was left out: {example!r} begins with 0, so its digits are a code and no amount",
        hint=_NAME_IT,
        explanation="Post codes, phone numbers and article numbers are close or far on no scale.",
    ),
    "KM116": NoteKind(
        title="ID",
        text="{column} was left out: by its name it is an ID",
        hint=_NAME_IT,
        explanation="Clusters by customer number are well separated and mean nothing.",
    ),
    "KM117": NoteKind(
        title="numbers of addresses",
        text="{column} was left out: by its name it holds post codes, phone or article numbers",
        hint=_NAME_IT,
        explanation="Such numbers are names written in digits.",
    ),
    "KM118": NoteKind(
        title="row numbers",
        text="{column} was left out: it numbers the rows",
        hint=_NAME_IT,
        explanation="A number that is different in every row says which row it is.",
    ),
    "KM119": NoteKind(
        title="texts",
        text="{column} was left out: it holds texts such as {example!r}",
        explanation="`segment` and `choose-k` make columns of 0 and 1 of texts, other commands cluster numbers alone.",
    ),
    "KM120": NoteKind(
        title="constant",
        text="{column} was left out: it is {value} in every row",
        explanation="A column in which all rows agree tells none apart.",
    ),
    "KM121": NoteKind(
        title="too many texts",
        text="{column} was left out: {why}",
        explanation="A text that is different in nearly every row is a name.",
    ),
    "KM122": NoteKind(title="empty", text="{column} was left out: it is empty", explanation="It holds no value."),
    "KM123": NoteKind(
        title="nested values",
        text="{column} was left out: it holds lists or records",
        explanation="Vectors are read from such a column with key=; a table of numbers has none.",
    ),
    "KM124": NoteKind(
        title="infinite values",
        text="{column} was left out: it holds infinite values",
        explanation="No distance to them is finite.",
    ),
    "KM125": NoteKind(
        title="perhaps row numbers",
        text="{column} was kept, but {why}",
        hint="leave it out with leave_out={column} if it is none",
        explanation="Whole numbers that only go up are row numbers in some tables and measures in others.",
    ),
    "KM126": NoteKind(
        title="named to be left out",
        text="{column} was left out, as asked",
        explanation="From leave_out=, id=, or because columns= names others.",
    ),
    "KM127": NoteKind(
        title="mixed units",
        text="{column} is text: its values have different units, {units}",
        explanation="Amounts in several currencies, or some in per cent, cannot be compared as they are.",
    ),
    "KM128": NoteKind(
        title="numbers and texts",
        text="{column} is text: {example!r} ({place}) is no number",
        explanation="More than one in twenty of its values are no numbers.",
    ),
    "KM129": NoteKind(
        title="one reading for all",
        text="{column}: decimal={decimal} was asked for",
        explanation="The user decided how numbers are read.",
    ),
    "KM131": NoteKind(
        title="one column decides",
        text="{column} holds {share:.0%} of the variance: the clusters are those of this column",
        hint="write {spec} to weigh all columns the same",
        explanation="In 47 % of 424 real tables one column holds more than 90 % of the variance, only because of its "
        "unit. Named columns are amounts of different kinds; vectors are left as they are.",
    ),
    "KM132": NoteKind(
        title="prepared as by segment",
        text="the table was prepared as `kmbench segment` does: numbers standardised, texts as columns of 0 and 1",
        hint="options such as :center or :standardize take the numbers alone",
        explanation="So that k is chosen for what is then segmented.",
    ),
    "KM133": NoteKind(
        title="missing values filled in",
        text="missing values were filled with the {how} (text: the most frequent): {columns}",
        explanation="As --missing asked.",
    ),
    "KM134": NoteKind(
        title="rows with gaps left out",
        text="{count} rows with missing values were left out: {columns}",
        explanation="As --missing asked.",
    ),
    "KM135": NoteKind(
        title="name of the new column",
        text="the table has a column segment, so the new one is called {column}",
        explanation="No column of the table is overwritten.",
    ),
    "KM140": NoteKind(
        title="far from the origin",
        text="a constant was subtracted before the rounding to float32: {column} lies {ratio:,.0f} standard "
        "deviations from 0, where float32 has steps of {step:.2g} of one",
        hint="raw keeps the numbers as they are",
        explanation="A shift changes no L2 distance, but float32 has only 24 bits for offset and difference together.",
    ),
    "KM141": NoteKind(
        title="float32 is coarse here",
        text="in {column} float32 has steps of {step:.2g} standard deviations",
        hint="{hint}",
        explanation="Cosine and inner product change with a shift, so nothing is subtracted; nor where raw asks so.",
    ),
}
