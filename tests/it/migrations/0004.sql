INSERT INTO setting (workspace, name, value) VALUES ('T1', 'allowance', '3'), ('T2', 'channel', '"C2"');
INSERT INTO audit (id, workspace, at, who, what, subject, value_before, value_after) VALUES
    ('a1', 'T1', 1780000000000, 'U1', 'setting.allowance', '', '5', '3'),
    ('a2', 'T1', 1780000000001, '', 'kudos.reported', 'k1', 'null', 'null');
UPDATE member SET is_private = TRUE, is_unlisted = TRUE, wants_no_dms = TRUE, is_away = TRUE WHERE id = 'U2';
INSERT INTO once (workspace, what, at) VALUES ('T1', 'hello C1', 1780000000000);
INSERT INTO boost (workspace, kudos, member, at) VALUES ('T1', 'k1', 'U3', 1780000000000);
INSERT INTO hidden (workspace, kudos, member, at) VALUES ('T1', 'k1', 'U2', 1780000000000);
INSERT INTO home (workspace, member, shown, at) VALUES ('T1', 'U1', 'abc', 1780000000000);
INSERT INTO team (workspace, id, name, kind, source) VALUES
    ('T1', 't1', 'Billing', 'usergroup', 'S1'), ('T1', 't2', 'Night shift', 'list', '');
INSERT INTO team_member (workspace, team, member, since, until) VALUES
    ('T1', 't1', 'U1', 1770000000000, 1780000000000), ('T1', 't2', 'U1', 1780000000000, NULL);
INSERT INTO team_lead (workspace, team, member) VALUES ('T1', 't1', 'U3');
INSERT INTO tombstone (workspace, member, at) VALUES ('T1', 'U9', 1780000000000);
INSERT INTO reaction (workspace, channel, message_ts, member, emoji, is_on, changed, at) VALUES
    ('T1', 'C1', '1780000000.000200', 'U2', 'kudos', TRUE, 1780000000000300, 1780000000001);
INSERT INTO opening (workspace, channel, day, ts) VALUES
    ('T1', 'C1', '2026-06-02', '1780000000.000100'), ('T1', 'C1', '2026-06-03', '-');
INSERT INTO roundup (workspace, kudos, channel, day) VALUES ('T1', 'k1', 'C1', '2026-06-03');
