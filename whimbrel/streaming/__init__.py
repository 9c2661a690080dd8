"""Streams: what happens, told to thousands of readers while it happens. A process of its own runs it."""
