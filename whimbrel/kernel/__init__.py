"""Words that every room shares: ids, clock, events, errors, pages, limits, contracts. No I/O here."""
