"""Notes about how the data was read, ``KM1xx``: tables and precision up to 149, vectors and pictures from 150."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

_NAME_IT = "name it in columns= to cluster by it"

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
    "KM107": NoteKind(
        title="guessed encoding",
        text="{where} is not UTF-8: its texts were read as cp1252",
        explanation="Numbers are the same in all encodings of one byte; names and texts may show wrong letters.",
    ),
    "KM108": NoteKind(
        title="lines above the table",
        text="{count} line(s) above the table were skipped: {example!r}",
        explanation="Reports put a title, a date or comments above the header. The table begins with the first line "
        "that has as many fields as most lines have.",
    ),
    "KM109": NoteKind(
        title="line of units",
        text="the line below the header holds units and is no row: {units}",
        explanation="Instruments write units such as kg or m/s below the names.",
    ),
    "KM110": NoteKind(
        title="empty lines",
        text="{count} empty line(s) are no rows; the first is {place}",
        explanation="Spreadsheets save every row that was ever formatted as a line of delimiters.",
    ),
    "KM111": NoteKind(
        title="short lines",
        text="{count} line(s) have fewer fields than columns, the first is {place}: what is not there is missing",
        explanation="Some programs leave empty fields at the end of a line away.",
    ),
    "KM112": NoteKind(
        title="line of totals",
        text="{place} holds totals and is no row: {example}",
        explanation="A line of sums is far from all rows and would be a cluster of its own. The sums are the proof, "
        "or a word such as Total alone beside empty fields.",
    ),
    "KM113": NoteKind(
        title="footnote",
        text="{place} holds one text alone and is no row: {example!r}",
        explanation="Exports name their source or date below the table.",
    ),
    "KM114": NoteKind(
        title="perhaps totals",
        text="{place} begins with {example!r}, but its numbers are no sums: it was kept as a row",
        hint="remove it if it is none",
        explanation="A line that may hold totals of something else.",
    ),
    "KM115": NoteKind(
        title="thousands separators",
        text="{column}: thousands separators were read as such, {example!r} as {value}",
        hint="{hint}",
        explanation="The same text is 1.234 in one country and 1234 in another; what decides is in docs/data.md.",
    ),
    "KM116": NoteKind(
        title="decimal commas",
        text="{column}: decimal commas were read as such, {example!r} as {value}",
        explanation="Tables of most of Europe and South America.",
    ),
    "KM117": NoteKind(
        title="units in the values",
        text="{column}: its values were read without {unit}",
        explanation="A currency, a per cent sign or a unit that all values share; 5 % is read as 5.",
    ),
    "KM118": NoteKind(
        title="flag",
        text="{column}: {yes!r} was read as 1 and {no!r} as 0",
        explanation="A column that says yes or no is one of 0 and 1, however it is coded, and not standardised.",
    ),
    "KM119": NoteKind(
        title="dates",
        text="{column} was left out: it holds dates such as {example!r}",
        hint="name it in columns= to cluster by days",
        explanation="Whether two rows are alike because they are close in time, only the user knows.",
    ),
    "KM120": NoteKind(
        title="codes",
        text="{column} was left out: {example!r} begins with 0, so its digits are a code and no amount",
        hint=_NAME_IT,
        explanation="Post codes, phone numbers and article numbers are close or far on no scale.",
    ),
    "KM121": NoteKind(
        title="ID",
        text="{column} was left out: by its name it is an ID",
        hint=_NAME_IT,
        explanation="Clusters by customer number are well separated and mean nothing.",
    ),
    "KM122": NoteKind(
        title="numbers of addresses",
        text="{column} was left out: by its name it holds post codes, phone or article numbers",
        hint=_NAME_IT,
        explanation="Such numbers are names written in digits.",
    ),
    "KM123": NoteKind(
        title="row numbers",
        text="{column} was left out: it numbers the rows",
        hint=_NAME_IT,
        explanation="A number that is different in every row says which row it is.",
    ),
    "KM124": NoteKind(
        title="texts",
        text="{column} was left out: it holds texts such as {example!r}",
        explanation="`segment` and `choose-k` make columns of 0 and 1 of texts; other commands take numbers alone.",
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
    "KM131": NoteKind(
        title="one column decides",
        text="{column} holds {share:.0%} of the variance: the clusters are those of this column",
        hint="write {spec} to weigh all columns the same",
        explanation="Often one column holds nearly all of the variance, only because of its unit. "
        "Named columns are amounts of different kinds; vectors are left as they are.",
    ),
    "KM132": NoteKind(
        title="prepared as by segment",
        text="the table was prepared as `kmbench segment` does: numbers standardised, texts as columns of 0 and 1",
        hint="options such as :center or :standardize take the numbers alone",
        explanation="So that k is chosen for what is then segmented.",
    ),
    "KM140": NoteKind(
        title="far from the origin",
        text="a constant was subtracted before the rounding to float32: {column} lies {ratio:,.0f} standard "
        "deviations from 0, where float32 has steps of {step:.2g} of one",
        hint="raw keeps the numbers as they are",
        explanation="A shift changes no L2 distance, but float32 has 24 bits for offset and difference together.",
    ),
    "KM141": NoteKind(
        title="float32 is coarse here",
        text="in {column} float32 has steps of {step:.2g} standard deviations",
        hint="{hint}",
        explanation="Cosine and inner product change with a shift, so nothing is subtracted; nor where raw asks so.",
    ),
    "KM150": NoteKind(
        title="chosen column of vectors",
        text="{column} was taken as the vectors: of {columns} it alone has lists of one length",
        hint="key=NAME takes another",
        explanation="A table may hold lists that are no vectors, such as tokens; vectors all have one length.",
    ),
    "KM151": NoteKind(
        title="columns beside the vectors",
        text="{column} holds the vectors; columns that are not used: {others}",
        hint="columns=A+B clusters by others",
        explanation="Where a table has a column of vectors, its rows are these vectors and nothing else.",
    ),
    "KM152": NoteKind(
        title="flattened",
        text="{column}: each row holds an array of {shape}, read as a vector of {d}",
        explanation="Rows are vectors; a list of lists is read from left to right.",
    ),
    "KM153": NoteKind(
        title="sparse matrix made dense",
        text="a sparse matrix with {percent:.3g} % of its values stored was made dense",
        explanation="Every engine gets a dense matrix of float32; what is not stored is 0.",
    ),
    "KM154": NoteKind(
        title="joined files",
        text="{count} files of the folder were joined in the order of their names: {first}, {second}, … {last}",
        explanation="The number of a row counts through all files in this order.",
    ),
    "KM155": NoteKind(
        title="joined files, out of number order",
        text="{count} files of the folder were joined in the order of their names, which is not that of the numbers "
        "in them: {first}, {second}, … {last}",
        hint="rename them with leading zeros if row numbers matter",
        explanation="By name, part-10 stands before part-2, as pandas, pyarrow and Spark sort them too. The number "
        "of a row counts through all files in this order.",
    ),
    "KM156": NoteKind(
        title="words",
        text="the word that begins each line was left out",
        explanation="In GloVe, fastText and word2vec files each line is a word and its vector. Words may be numbers "
        "and hold blanks: vectors are read from the right end.",
    ),
    "KM157": NoteKind(
        title="only matrix",
        text="{tensor} was taken: {others} other tensor(s) do not have two axes",
        hint="key=NAME takes another",
        explanation="Rows come from a tensor of two axes; biases and norms have one.",
    ),
    "KM158": NoteKind(
        title="rows of zeros",
        text="{rows:,} row(s) hold only zeros, which have no direction: normalize leaves them as they are",
        explanation="They stay rows of zeros under their row numbers, as in scikit-learn and FAISS, so that no label "
        "belongs to another row.",
    ),
    "KM159": NoteKind(
        title="made for another metric",
        text="the file is made for the metric {metric}; k-means measures squared L2 distances",
        hint="{hint}",
        explanation="The files of ann-benchmarks name their metric. `tune` searches by it; the clusters of the other "
        "commands are those of L2, which for directions are the same only between vectors of norm 1.",
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
        text="the palette was found from more than 8 bits of grey, and rounded to 8 bits at the end",
        explanation="A palette in a PNG holds 8 bits per channel; until it is written all digits of the file count.",
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
    "KM168": NoteKind(
        title="transparency left out",
        text="the picture has transparent pixels: their colours are rows as all others",
        explanation="A row is red, green and blue. `kmbench quantize` leaves pixels out that cannot be seen.",
    ),
    "KM169": NoteKind(
        title="colour profile applied",
        text="colours were converted to sRGB by the profile of the file, {profile}",
        explanation="The same numbers are other colours in Display P3, Adobe RGB or CMYK. What is clustered, shown "
        "and written is sRGB.",
    ),
    "KM170": NoteKind(
        title="colour profile not applied",
        text="the profile of the file, {profile}, was not applied: {reason}",
        hint="convert the picture to sRGB first",
        explanation="A damaged profile, or one for other channels than the file has. Colours may be off.",
    ),
    "KM171": NoteKind(
        title="gamma applied",
        text="the file says gamma {gamma:.3g}: its values were brought to that of sRGB, as browsers do",
        explanation="Renderers write linear values, which are too dark as sRGB. Not all viewers look at the gamma "
        "of a PNG.",
    ),
    "KM172": NoteKind(
        title="assumed white",
        text="values are floating point up to {high:.4g}, and {white:g} was taken for white",
        hint="write the tag SMaxSampleValue if another value is",
        explanation="A picture of floating point need not say what is white; 1, 255 and 65535 are usual.",
    ),
    "KM173": NoteKind(
        title="perhaps 12 bits",
        text="16 bits per channel, of which no value is above {high:.0f}: its brightest is {share:.2g} % of white",
        hint="multiply the values by 16 if the camera has 12 bits",
        explanation="Cameras of 12 bits store values up to 4095 in 16 bits; read as they are, they are nearly black.",
    ),
    "KM174": NoteKind(
        title="colours reduced to 8 bits",
        text="the palette was found from more than 8 bits per channel, and rounded to 8 bits at the end",
        explanation="A palette in a PNG holds 8 bits per channel; until it is written all digits of the file count.",
    ),
}
