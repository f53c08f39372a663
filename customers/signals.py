from django.dispatch import Signal

# Sent after an import was committed, with `imported` (the Import). The sender is the class Import.
orders_imported = Signal()
