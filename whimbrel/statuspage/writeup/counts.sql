-- name: requests
-- What the indicators of availability of some components counted over whole minutes.
SELECT component, sum(bad), sum(total) FROM sli_minutes
WHERE minute >= :from AND minute <= :until AND sli = 'availability' AND component IN (:components*)
GROUP BY component ORDER BY component

-- name: minutes
-- What one thing counted, minute by minute.
SELECT minute, bad, total FROM sli_minutes
WHERE minute >= :from AND minute <= :until AND component = :component AND sli = :sli ORDER BY minute
