"""Backups: what is sent to a place, what lies there, and how a data directory is made of it again."""
