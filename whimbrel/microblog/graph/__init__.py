"""The room of the graph: follow, request, mute, block, notes, followed hashtags. Entered by front.py."""
