"""The dialect that status clients speak: Statuspage's public v2 API, and the feeds beside it."""
