"""Satisfaction and perceived value: surveys, barometer, ideas, delivered value against competitors.

May import, besides `crm_site.lib`: `customers`, `complaints`.
"""
