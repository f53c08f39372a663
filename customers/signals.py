from django.dispatch import Signal

# Sent after an import was committed, with `imported` (the Import). The sender is the class Import.
orders_imported = Signal()

# Sent within the transaction of a merge, after every row has changed hands, with `merge` (the Merge), `kept` (the
# Customer), `gone_id`, and `moved` (keys of the rows by model and field: {"customers.order.customer": [...]}). An error
# of a receiver undoes the whole merge. The sender is the class Merge.
customers_merged = Signal()

# Sent within the transaction that undoes a merge, with `merge`, `kept`, `restored` (both Customer), `moved` and `by`.
customer_merge_undone = Signal()
