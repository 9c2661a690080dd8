"""The pages for people: the state of all, incidents, parts, the published rule; drawn on the server."""
