"""The write-up of an incident: a draft for people, a page, a picture, a file for a blog."""
