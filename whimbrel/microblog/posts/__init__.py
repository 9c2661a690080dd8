"""The room of posts: text, visibility, threads, edits. Entered by front.py; writing goes through publish.py."""
