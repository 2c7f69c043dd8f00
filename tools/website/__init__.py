"""The documentation site: its checks, its generated pages, its Sphinx extension and its build."""
