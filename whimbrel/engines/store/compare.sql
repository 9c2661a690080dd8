-- name: attach_left
-- One of the two, under a name.
ATTACH DATABASE :path AS "left"

-- name: attach_right
-- The other one.
ATTACH DATABASE :path AS "right"

-- name: tables
-- Every table of either; what a virtual table keeps its content in (its shadow tables) is compared through it.
SELECT name FROM pragma_table_list
WHERE schema IN ('left', 'right') AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite%'
GROUP BY name ORDER BY name

-- name: places
-- Which of the two have a table of this name.
SELECT schema FROM pragma_table_list WHERE schema IN ('left', 'right') AND name = :table
