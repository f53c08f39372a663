"""What each customer really earns and costs, and what they will be worth.

Owns: cost pools, activities, drivers, rates, runs of the recompute, and the published figures of every run
(customer profit and loss, ranking, category, lifetime value, customer equity).

Words: a *cost pool* is an amount entered for a period; an *activity* consumes pools and has a *driver*, a quantity
that each customer's own records yield; the *cost to serve* is what the activities charge to a customer; *unused
capacity* is reported, never charged; *company level* is what nobody is charged for; the *whale curve* is cumulative
profit, best customer first.

May import: `customers`, `complaints`, `crm_site.lib`. The formulas stand in pure modules, `costing`, `ranking` and
`lifetime_value`, which import neither Django, nor a clock, nor a database.
"""
