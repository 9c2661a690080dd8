"""Telling those who asked to be told: webhooks, e-mail, the official account; each update once, however late."""
