"""The choice of the instance that runs a call.

``decisions`` is pure; ``scheduler`` performs its steps on the instances of a ``pool``.
"""
