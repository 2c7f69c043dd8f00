"""Pictures of the tour, docs/start/tour.md: its commands run in terminals, and what these show is drawn as SVG."""
