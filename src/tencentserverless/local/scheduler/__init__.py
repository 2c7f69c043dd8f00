"""Chooses the instance that runs a call.

``decisions`` is pure; ``scheduler`` performs the decided steps on the instances of a ``pool``.
"""
