"""Incidents and maintenance windows: opened, told and closed by rule, and by people."""
