"""Whimbrel: a microblogging platform that stays up and tells the truth about itself."""

__version__ = "0.1.0"
