"""The page as files for a second origin: any file server shows it, and it says how old it is."""
