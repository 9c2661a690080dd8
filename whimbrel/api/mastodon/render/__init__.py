"""Our values as Mastodon's JSON (entities of 4.x), and nothing but that: no rules, no look-ups."""
