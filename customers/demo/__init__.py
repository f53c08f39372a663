"""Demonstration data: the purchases of CDNOW as a real order history, and around it what had to be invented.

history.py      the real part: imported like any other file, its dates moved by whole weeks
traits.py       what kind of customer each one is, drawn once
words.py identities.py            names, addresses, e-mail addresses, telephone numbers
families.py     members of households, contact persons and branches of companies
catalogue.py baskets.py           sources, touchpoints, families and records; what each purchase was made of
habits.py summaries.py moments.py contact moments along the journey
daily.py        wishes and birthdays, messages that wait, tasks and opportunities
storing.py      many rows at once into the database
loading.py      the steps in their order
"""
