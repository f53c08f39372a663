"""Customers as a portfolio of shares: what a unit of cost spent on a group returns, how steadily, and how to spread it.

Pure: no Django, no clock, no database.

    results        what is found, as plain values; no numpy, so that pages may import it
    concentration  how much hangs on few customers, and what if they left; no numpy either
    returns        return and risk of each group, month by month, and which groups can be compared
    shrinkage      correlations that a few dozen months can support (Ledoit and Wolf)
    mixes          how money would be spread for less risk or more return (Markowitz)
    analysis       all of it for some groups

Source: H. Markowitz, "Portfolio Selection", Journal of Finance 7 (1952). A share becomes a group of customers, its
price the cost of goods and service spent on the group, its gain the group's profit.
"""
