"""The dashboard: pages below ``/_local/``, their JSON API and the stream of changes. It reads, and never schedules.

No module of it is loaded before the first request for it. What it changes or starts goes through ``sources.Engine``.
"""
