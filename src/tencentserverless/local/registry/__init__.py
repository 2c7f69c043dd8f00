"""The functions that exist, and all SQL: records and functions as frozen values, code packages, and the database.

``catalogue`` finds functions for calls; ``folder_merge`` decides between the API and the user's folder. Modules whose
names end in ``_tables`` hold the SQL. No module here starts a process or reads a request.
"""
