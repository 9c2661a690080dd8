"""Watching: probes that do what users do, the metrics of the watched service, and what is made of both."""
