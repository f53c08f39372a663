"""Reading orders from files: which file and columns, which rows can be taken, and one transaction that keeps them.

problems.py   why a whole file is refused, why a row is rejected, and what to do about it, in the reader's language
encodings.py  which encoding bytes are in that are not UTF-8
source.py     the bytes: packed or not, as text, lines and records of bounded size
mappings.py   which column means what: presets, explicit columns, suggestions from the header
reading.py    everything decided about one file before its first row is taken
cells.py      texts of cells to dates, numbers and references, or the reason why not
staging.py    rows into a temporary table by COPY
settling.py   set-based checks, what is known already, what is added
newcomers.py customers that are named for the first time
keeping.py    the inserts of one import, and its report
statements.py the SQL of all that
report.py     what became of the rows, for whoever asked
outcome.py    what an import brought, for its page
uploads.py    uploaded files while they wait
"""
