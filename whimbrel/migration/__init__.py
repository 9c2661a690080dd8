"""Upgrades beside the running server: docs/mechanisms/migration.md."""
