-- The labels of the operations that were accepted before the triggers of 0012. If an operation expires meanwhile, its rows may stay; lists
-- skip them.
-- +goose Up
INSERT INTO xforce.task_labels (label, number)
SELECT md5(l.key || '=' || l.value)::uuid, t.number FROM xforce.tasks t CROSS JOIN LATERAL jsonb_each_text(t.labels) AS l
WHERE t.number IS NOT NULL AND t.is_active AND t.labels <> '{}'
ON CONFLICT DO NOTHING;
