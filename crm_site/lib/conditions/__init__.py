"""Filters that people put together themselves: conditions in groups, over fields that a list declares.

grammar.py   the text that stands in an address: reading and writing it; knows no field, no Django
kinds.py     what sorts of fields there are: their operators, and how their values are read, typed and written
fields.py    a field and a checked condition; what is wrong with a condition, in words
narrowing.py what a condition does to a query
words.py     a filter in the reader's language
builder.py   the form in which a filter is put together
"""
