"""Everything that ``scf`` prints: answers, questions, tables, progress and error messages.

``printing`` writes to the terminal; the other modules make the text. Python 3.6 syntax here and in ``printing``.
"""
