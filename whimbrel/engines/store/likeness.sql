-- name: attach_old
-- The store that serves.
ATTACH DATABASE :path AS old

-- name: attach_new
-- The one that is to take its place.
ATTACH DATABASE :path AS new

-- name: old_cursor
-- Where the serving store stands; the look begins here.
SELECT sequence FROM old.cursor

-- name: new_cursor
-- Where the new store stands.
SELECT sequence FROM new.cursor

-- name: parked
-- How much each has parked.
SELECT (SELECT count(*) FROM old.parked), (SELECT count(*) FROM new.parked)

-- name: tables
-- The tables that both have; what a virtual table keeps its content in is compared through it.
SELECT name FROM pragma_table_list
WHERE schema IN ('old', 'new') AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite%'
GROUP BY name HAVING count(*) = 2 ORDER BY name

-- name: columns
-- The columns that a table has in both, with their places in the primary key (0: not in it).
SELECT mine.name, mine.pk FROM pragma_table_info(:table, 'old') mine
JOIN pragma_table_info(:table, 'new') theirs ON theirs.name = mine.name AND theirs.pk = mine.pk
ORDER BY mine.cid

-- name: integrity
-- Whether the new store's pages and indexes fit each other.
PRAGMA new.integrity_check(1)

-- name: broken_keys
-- The first row of the new store that names another which is not there.
PRAGMA new.foreign_key_check
