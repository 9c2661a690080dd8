"""The migrations of the store, one number a step: SQL that leads from one release's schema to the next one's.

`NNNN_name.pre.sql` gives the copy what the new code needs (columns, tables, indexes, their content) and lets the old
code's statements still run on it. `NNNN_name.post.sql` takes away what only the old code needed; it runs at
`whimbrel migrate --finish`, when nobody goes back any more, or at once where nobody was serving.

To make one: change the room's schema.sql to what a new store is to have (new columns last, as ALTER TABLE puts them),
write the files, raise SCHEMA in kernel/formats.py, and run tests/migrate: it says the two hashes, and holds that the
recorded schema of the last release with the migrations is the schema of a new store. Files of a release never change.
How they are read and run: engines/store/migrations.py.
"""
