"""Writing to customers and being written to: who may be contacted, messages out, e-mail in, and documents.

consent.py     what customers said yes and no to, and links by which they take it back
pressure.py    whether one customer, or which of many, may be contacted now
templates.py   texts with places for the customer's data
messages.py    e-mail to customers: written, checked, sent by a job
mail_reading.py, mail_in.py, mailboxes.py    e-mail from customers: bytes to text, text to the file, and where it lies
documents.py   files on a customer's file
"""
