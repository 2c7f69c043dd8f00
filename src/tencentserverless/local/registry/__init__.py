"""The functions that exist, and all SQL: records and functions as frozen values, code packages, and the database.

``catalogue`` is what calls look up; ``reconcile`` decides between the API and the user's folder. Modules that end in
``_tables`` are the SQL. Nothing here starts a process or reads a request.
"""
