INSERT INTO digest (workspace, month, state, words, words_by, channel, ts, at) VALUES
    ('T1', '2026-05', 'posted', 'A month to remember.', 'U1', 'C1', '1780300800.000100', 1780300800000);
INSERT INTO closed_month (workspace, month, at) VALUES ('T1', '2026-05', 1780300800000);
INSERT INTO edition (workspace, member, edition, is_wanted) VALUES ('T1', 'U1', 'own', TRUE);
