"""The room of notifications and markers, derived from other rooms' events. Entered by front.py."""
