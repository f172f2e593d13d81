-- No row where there is no such notice.
INSERT INTO warehouse.takedown_notice_events (notice_id, status, note, changed_by)
SELECT notice_id, %(status)s, %(note)s, %(by)s
FROM warehouse.takedown_notices WHERE notice_id = %(notice_id)s
RETURNING event_id
