"""Complaints: what customers were unhappy about and how it was repaired, against the clock.

May import, besides `crm_site.lib`: `customers`.
"""
