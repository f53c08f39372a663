"""The trail of changes: who changed what, when, from which value to which; written by the database itself."""
