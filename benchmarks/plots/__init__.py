"""Plots of RESULTS.md and LOCAL.md: from the text of a report to the data of a chart, and from that to SVG."""
