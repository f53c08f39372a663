"""Customers: who they are, every contact moment, what they bought, and their scorecard.

Owns customer, acquisition source, touchpoint, contact moment, product, order, order line, import and scorecard, and
the run whose figures the scorecards are. May import nothing but `crm_site.lib`: every other app refers to customers,
so customers refers to none. Facts from the apps above are pushed down into `Scorecard`.
"""
