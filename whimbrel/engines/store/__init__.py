"""The relational store: SQLite file that follows the journal."""
