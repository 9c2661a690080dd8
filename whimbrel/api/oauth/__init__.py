"""Apps, authorisation, tokens and scopes (RFC 6749, 7636, 7009, 8414)."""
