"""The room of favourites, bookmarks and muted conversations. Entered by front.py."""
