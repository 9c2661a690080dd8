"""Dialects: parse, call a front door, render. No rules and no SQL."""
