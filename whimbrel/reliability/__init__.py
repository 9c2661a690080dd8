"""Staying up: admission, metrics, health."""
