INSERT INTO schedule (id, workspace, channel, maker, body, next_at) VALUES
    ('s1', 'T1', 'C1', 'U1', '{}', 1780000000000), ('s2', 'T1', 'C2', '', '{}', NULL);
INSERT INTO occurrence (workspace, schedule, due_at, channel, day, kind, prompt, planned, state, ts, quoted) VALUES
    ('T1', 's1', 1780000000000, 'C1', '2026-06-02', 'prompt', 'cv-001', '{}', 'posted', '1780000000.000300', '{}'),
    ('T1', 's1', 1780086400000, 'C1', '2026-06-03', 'prompt', 'cv-002', '{}', 'missed', '', '{}');
INSERT INTO passed_over (workspace, channel, prompt, day) VALUES ('T1', 'C1', 'cv-003', '2026-06-02');
INSERT INTO own_prompt (workspace, id, theme, body, author, at) VALUES
    ('T1', 'own-1', '', 'What went well?', 'U1', 1780000000000);
INSERT INTO answer (workspace, channel, post, ts, member, at) VALUES
    ('T1', 'C1', '1780000000.000300', '1780000001.000100', 'U2', 1780000001000);
INSERT INTO answer_like (workspace, channel, ts, member, emoji) VALUES
    ('T1', 'C1', '1780000001.000100', 'U3', 'heart');
INSERT INTO week_note (workspace, week, author, body, at) VALUES
    ('T1', '2026-10-05', 'U1', 'Welcome.', 1780000000000);
INSERT INTO week_page (workspace, week, member, channel, ts) VALUES
    ('T1', '2026-10-05', 'U2', 'D2', '1780000002.000100');
