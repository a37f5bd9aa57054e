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
        explanation="The values of this column can be read in several ways; this note says which way was used.",
    ),
    "KM103": NoteKind(
        title="constant column",
        text="{column} was left out: it is {value:g} in every remaining row",
        explanation="Once rows with missing values are left out, all values of the column are equal.",
    ),
    "KM104": NoteKind(
        title="rows left out",
        text="{rows} rows with missing values were left out: {columns}",
        explanation="Only complete rows are clustered; the others get no segment. The note names the columns with "
        "missing values and how many each has.",
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
        explanation="Numbers are the same in all single-byte encodings, but names and texts may contain wrong "
        "letters.",
    ),
    "KM108": NoteKind(
        title="lines above the table",
        text="{count} line(s) above the table were skipped: {example!r}",
        explanation="Exported reports often have a title, a date or comments above the header. The table begins "
        "with the first line that has as many fields as most lines have.",
    ),
    "KM109": NoteKind(
        title="line of units",
        text="the line below the header holds units and was not read as a row: {units}",
        explanation="Instruments often write units such as kg or m/s below the column names.",
    ),
    "KM110": NoteKind(
        title="empty lines",
        text="{count} empty line(s) were skipped; the first is {place}",
        explanation="Spreadsheets save every row that was ever formatted as a line of delimiters.",
    ),
    "KM111": NoteKind(
        title="short lines",
        text="{count} line(s) have fewer fields than columns, the first is {place}: the other fields count as "
        "missing",
        explanation="Some programs omit empty fields at the end of a line.",
    ),
    "KM112": NoteKind(
        title="line of totals",
        text="{place} holds totals and was not read as a row: {example}",
        explanation="A line of totals is far from all rows and would form its own cluster. It is recognised by "
        "its sums, or by a word such as Total beside empty fields.",
    ),
    "KM113": NoteKind(
        title="footnote",
        text="{place} holds only a text and was not read as a row: {example!r}",
        explanation="Exports often name their source or date below the table.",
    ),
    "KM114": NoteKind(
        title="perhaps totals",
        text="{place} begins with {example!r}, but its numbers are not the sums of the columns: it was kept as a row",
        hint="remove the line if it is not a row",
        explanation="The line may hold totals of something else.",
    ),
    "KM115": NoteKind(
        title="thousands separators",
        text="{column}: {example!r} was read as {value}, with thousands separators",
        hint="{hint}",
        explanation="The same text means 1.234 in one country and 1234 in another; docs/data.md describes how "
        "kmbench decides.",
    ),
    "KM116": NoteKind(
        title="decimal commas",
        text="{column}: {example!r} was read as {value}, with a decimal comma",
        explanation="Most countries of Europe and South America write decimal commas.",
    ),
    "KM117": NoteKind(
        title="units in the values",
        text="{column}: its values were read without {unit}",
        explanation="All values share a currency, a percent sign or a unit, which is ignored; 5 % is read as 5.",
    ),
    "KM118": NoteKind(
        title="flag",
        text="{column}: {yes!r} was read as 1 and {no!r} as 0",
        explanation="A column of yes and no becomes 0 and 1, however it is coded, and is not standardised.",
    ),
    "KM119": NoteKind(
        title="dates",
        text="{column} was left out: it holds dates such as {example!r}",
        hint="name it in columns= to cluster by days",
        explanation="Only you know whether rows that are close in time are similar.",
    ),
    "KM120": NoteKind(
        title="codes",
        text="{column} was left out: {example!r} begins with 0, so it is a code and not a quantity",
        hint=_NAME_IT,
        explanation="Differences between post codes, phone numbers or article numbers have no meaning.",
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
        explanation="It was named by leave_out= or id=, or columns= names other columns.",
    ),
    "KM127": NoteKind(
        title="mixed units",
        text="{column} is text: its values have different units, {units}",
        explanation="Amounts in several currencies, or some in percent, cannot be compared directly.",
    ),
    "KM128": NoteKind(
        title="numbers and texts",
        text="{column} is text: {example!r} ({place}) is not a number",
        explanation="More than one in twenty of its values are not numbers.",
    ),
    "KM131": NoteKind(
        title="one column decides",
        text="{column} holds {share:.0%} of the variance, so it decides the clusters",
        hint="write {spec} to give all columns the same weight",
        explanation="One column often holds nearly all of the variance only because of its unit. This note is for "
        "columns with names, which are different quantities; vectors are left as they are.",
    ),
    "KM132": NoteKind(
        title="prepared as by segment",
        text="the table was prepared as `kmbench segment` does: numbers standardised, texts as columns of 0 and 1",
        hint="with an option such as :center or :standardize, only columns of numbers are used",
        explanation="This way k is chosen for the same data that `kmbench segment` clusters.",
    ),
    "KM140": NoteKind(
        title="far from the origin",
        text="a constant was subtracted before the rounding to float32: {column} lies {ratio:,.0f} standard "
        "deviations from 0, where float32 has steps of {step:.2g} of one",
        hint="raw keeps the numbers as they are",
        explanation="A shift does not change L2 distances, but float32 has only 24 bits for the offset and the "
        "differences together.",
    ),
    "KM141": NoteKind(
        title="float32 is coarse here",
        text="in {column} float32 has steps of {step:.2g} standard deviations",
        hint="{hint}",
        explanation="Cosine and inner product change with a shift, so nothing is subtracted. Nothing is "
        "subtracted with raw either.",
    ),
    "KM150": NoteKind(
        title="chosen column of vectors",
        text="{column} was used as the vectors: it is the only one of {columns} whose lists all have the same length",
        hint="key=NAME takes another",
        explanation="A table may hold lists that are not vectors, such as tokens; vectors all have the same length.",
    ),
    "KM151": NoteKind(
        title="columns beside the vectors",
        text="{column} holds the vectors; columns that are not used: {others}",
        hint="columns=A+B clusters by others",
        explanation="If a table has a column of vectors, only these vectors are clustered.",
    ),
    "KM152": NoteKind(
        title="flattened",
        text="{column}: each row holds an array of {shape}, read as a vector of {d}",
        explanation="Each row must be one vector, so a list of lists is joined from left to right.",
    ),
    "KM153": NoteKind(
        title="sparse matrix made dense",
        text="a sparse matrix with {percent:.3g} % of its values stored was made dense",
        explanation="Every engine gets a dense float32 matrix; values that are not stored are 0.",
    ),
    "KM154": NoteKind(
        title="joined files",
        text="{count} files of the folder were joined in the order of their names: {first}, {second}, … {last}",
        explanation="Row numbers count through all files in this order.",
    ),
    "KM155": NoteKind(
        title="joined files, out of number order",
        text="{count} files of the folder were joined in the order of their names, which is not that of the numbers "
        "in them: {first}, {second}, … {last}",
        hint="rename them with leading zeros if row numbers matter",
        explanation="Sorted by name, part-10 comes before part-2; pandas, pyarrow and Spark sort in the same way. "
        "Row numbers count through all files in this order.",
    ),
    "KM156": NoteKind(
        title="words",
        text="the word that begins each line was left out",
        explanation="In GloVe, fastText and word2vec files each line is a word and its vector. Words may be "
        "numbers or contain spaces, so vectors are read from the end of the line.",
    ),
    "KM157": NoteKind(
        title="only matrix",
        text="{tensor} was used: {others} other tensor(s) do not have two axes",
        hint="key=NAME takes another",
        explanation="Rows come from a tensor with two axes; biases and norms have one.",
    ),
    "KM158": NoteKind(
        title="rows of zeros",
        text="{rows:,} row(s) hold only zeros, which have no direction: normalize leaves them as they are",
        explanation="They keep their row numbers and stay zeros, as in scikit-learn and FAISS, so that every "
        "label belongs to the right row.",
    ),
    "KM159": NoteKind(
        title="made for another metric",
        text="the file is made for the metric {metric}; k-means measures squared L2 distances",
        hint="{hint}",
        explanation="The files of ann-benchmarks name their metric. `tune` uses it; the other commands cluster by "
        "L2, which agrees with cosine only for vectors of norm 1.",
    ),
    "KM161": NoteKind(
        title="first frame",
        text="the first of {frames} frames",
        explanation="The file holds an animation or several pages; only the first is read.",
    ),
    "KM162": NoteKind(
        title="cut to 8 bits",
        text="colours were cut to 8 bits per channel, as Pillow reads them",
        explanation="The file holds more than 8 bits per channel. Everything below the eighth bit is lost.",
    ),
    "KM163": NoteKind(
        title="converted colours",
        text="{mode} was converted to RGB, without a colour profile",
        explanation="Without the colour profile of the device, the colours are only approximately right.",
    ),
    "KM164": NoteKind(
        title="grey reduced to 8 bits",
        text="the palette was found from more than 8 bits of grey, and rounded to 8 bits at the end",
        explanation="A palette in a PNG holds 8 bits per channel; until it is written, the full precision of the "
        "file is used.",
    ),
    "KM165": NoteKind(
        title="few colours",
        text="the picture has only {colours}: all are kept",
        explanation="There is nothing to reduce: the picture has no more colours than you asked for.",
    ),
    "KM166": NoteKind(
        title="sampled pixels",
        text="the colours were found from {sampled:,} of {pixels:,} pixels",
        explanation="The palette comes from a sample; every pixel then gets the nearest colour of the palette.",
    ),
    "KM167": NoteKind(
        title="fewer colours than asked",
        text="{left} colours are left of {asked}: others were equal once rounded to 8 bits, or not used",
        explanation="Two centroids can round to the same 8-bit colour, and a centroid may not be the nearest one "
        "for any pixel.",
    ),
    "KM168": NoteKind(
        title="transparency left out",
        text="the picture has transparent pixels, whose colours are clustered like all others",
        explanation="A row is red, green and blue, without transparency. `kmbench quantize` leaves invisible "
        "pixels out.",
    ),
    "KM169": NoteKind(
        title="colour profile applied",
        text="colours were converted to sRGB by the profile of the file, {profile}",
        explanation="The same numbers mean different colours in Display P3, Adobe RGB or CMYK. kmbench clusters, "
        "shows and writes sRGB.",
    ),
    "KM170": NoteKind(
        title="colour profile not applied",
        text="the profile of the file, {profile}, was not applied: {reason}",
        hint="convert the picture to sRGB first",
        explanation="The profile is damaged, or made for other channels than the file has. Colours may be wrong.",
    ),
    "KM171": NoteKind(
        title="gamma applied",
        text="the file has gamma {gamma:.3g}: its values were converted to that of sRGB, as browsers do",
        explanation="Renderers write linear values, which are too dark when read as sRGB. Not all viewers apply "
        "the gamma of a PNG.",
    ),
    "KM172": NoteKind(
        title="assumed white",
        text="values are floating point up to {high:.4g}, and {white:g} was taken for white",
        hint="write the tag SMaxSampleValue if another value is",
        explanation="A floating-point picture does not have to say which value is white; 1, 255 and 65535 are "
        "common.",
    ),
    "KM173": NoteKind(
        title="perhaps 12 bits",
        text="the picture has 16 bits per channel, but no value is above {high:.0f}: the brightest is {share:.2g} "
        "% of white",
        hint="multiply the values by 16 if the camera stores 12 bits",
        explanation="12-bit cameras store values up to 4095 in 16 bits; read without scaling, such pictures are "
        "nearly black.",
    ),
    "KM174": NoteKind(
        title="colours reduced to 8 bits",
        text="the palette was found from more than 8 bits per channel, and rounded to 8 bits at the end",
        explanation="A palette in a PNG holds 8 bits per channel; until it is written, the full precision of the "
        "file is used.",
    ),
}
