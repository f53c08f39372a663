"""Customers that stand here twice: how they are found, and how two become one and two again.

likeness.py     how alike two customers are, and why: no database
reasons.py      the codes of likeness in words
candidates.py   which pairs are worth comparing: blocks in the database
finding.py      the search through all customers, and the look around one who is being entered
relations.py    everything in the database that refers to a customer
columns.py      the columns of a row, kept and put back exactly
merging.py      two customers become one
undoing.py      and two again
choices.py      what is chosen field by field before
"""
