"""The status program: a program of its own that watches, counts outage reports, decides, and tells everyone."""
