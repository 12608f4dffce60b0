-- Indexes only; a row that waits, so that they hold something.
INSERT INTO outbox (id, workspace, kind, subject, lane, key, priority, state, run_at, attempts, lease, leased_until,
    unsettled, late_at, created_at, sent_at, reason) VALUES
    ('o0003', 'T1', 'kudos.card', '{"kudos":"k1"}', 'C1', NULL, 10, 'sending', 1780000000000, 1, 'lease', 1780000060000,
    FALSE, 1780000060000, 1780000000000, 1780000000000, '');
