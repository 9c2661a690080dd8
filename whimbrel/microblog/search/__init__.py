"""The room of search: accounts by prefix, hashtags, a post by its address. Entered by front.py."""
