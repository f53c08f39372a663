"""Contact moments as people note, correct and read them in a customer's file; their rows are `customers.models.moment`.

Imports of files are in `customers/importing`, e-mail that comes and goes in `customers/contacting`.
"""
