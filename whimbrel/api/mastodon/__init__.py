"""The Mastodon client API, one file per resource."""
