"""Loyalty: groups (acquaintances, friends, companions), the programme and its points ledger.

May import, besides `crm_site.lib`: `customers`, `satisfaction`, `profitability`.
"""
