"""The journal: SQLite file, hash chain, the core's socket and its followers."""
