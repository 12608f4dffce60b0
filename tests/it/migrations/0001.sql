-- A small workspace, as version 1 would have left it.
INSERT INTO workspace (id, name, bot_user, installed_at, members_synced_at) VALUES
    ('T1', 'Kettle & Co', 'UBOT', 1780000000000, NULL),
    ('T2', 'O''Hara''s', 'UBOT', 1780000000001, 1780000060000);
INSERT INTO member (workspace, id, handle, display_name, real_name, timezone, guest, is_bot, is_deleted, is_stranger,
    is_admin, updated, first_seen_at, dm) VALUES
    ('T1', 'UDANA', 'dana', 'Dana', 'Dana Kim', 'Europe/Berlin', 'no', FALSE, FALSE, FALSE, TRUE, 1770000000, 0, 'D1'),
    ('T1', 'ULEE', 'lee', '', 'Lee Park', '', 'multi', FALSE, FALSE, FALSE, FALSE, 0, 1780000000000, NULL),
    ('T1', 'USAM', 'sam', '', 'Sam Ortiz', 'UTC', 'single', FALSE, TRUE, FALSE, FALSE, 1, 0, NULL);
INSERT INTO member_name (workspace, name, member, is_exact) VALUES
    ('T1', 'dana', 'UDANA', TRUE), ('T1', 'dana kim', 'UDANA', TRUE), ('T1', 'lee', 'ULEE', FALSE);
INSERT INTO place (workspace, channel, name, kind, postable, is_shared, refused_at, checked_at) VALUES
    ('T1', 'C1', 'kudos', 'public', 'yes', FALSE, 0, 1780000000000),
    ('T1', 'C2', '', 'unknown', 'no', TRUE, 1780000000000, 0);
INSERT INTO delivery (workspace, delivery, feature, outcome, at) VALUES
    ('T1', 'trigger-1', 'kudos', '{"given":{"kudos":"k1","left":4}}', 1780000100000),
    ('T1', 'no card k1', 'kudos.tell', '', 1780000100000);
INSERT INTO ledger (id, kudos, workspace, giver, receiver, receiver_kind, source, channel, message_ts, effect, given_at,
    giver_day, workspace_day, cost, announce, sameness, reversed_at, reversed_by) VALUES
    ('r1', 'k1', 'T1', 'ULEE', 'UDANA', 'member', 'command', 'C1', NULL, NULL, 1780000100000,
     '2026-05-28', '2026-05-28', 1, 'default', 'a1', NULL, NULL),
    ('r2', 'k2', 'T1', 'UDANA', 'ULEE', 'member', 'mention', 'C1', '1780000200.000100', 'post', 1780000200000,
     '2026-05-28', '2026-05-28', 1, 'C2', 'b2', 1780000300000, 'UDANA'),
    ('r3', 'k3', 'T1', 'UDANA', 'SEMEA', 'group', 'import', '', NULL, NULL, 1700000000000,
     '2023-11-14', '2023-11-14', 0, 'silent', 'c3', NULL, NULL);
INSERT INTO words (kudos, workspace, reason, value_names) VALUES
    ('k1', 'T1', 'the refund storm, “calm” as ever 👏', '["calm"]'), ('k2', 'T1', '', '[]'), ('k3', 'T1', 'help', '[]');
INSERT INTO allowance (workspace, giver, day, used) VALUES
    ('T1', 'ULEE', '2026-05-28', 1), ('T1', 'UDANA', '2026-05-28', 0);
INSERT INTO tally (workspace, period, member, role, source, n) VALUES
    ('T1', 'd2026-05-28', 'ULEE', 'giver', 'peer', 1), ('T1', 'w2026-05-25', 'ULEE', 'giver', 'peer', 1),
    ('T1', 'm2026-05', 'ULEE', 'giver', 'peer', 1), ('T1', 'all', 'ULEE', 'giver', 'peer', 1),
    ('T1', 'd2026-05-28', 'UDANA', 'receiver', 'peer', 1), ('T1', 'w2026-05-25', 'UDANA', 'receiver', 'peer', 1),
    ('T1', 'm2026-05', 'UDANA', 'receiver', 'peer', 1), ('T1', 'all', 'UDANA', 'receiver', 'peer', 1),
    ('T1', 'd2023-11-14', 'UDANA', 'giver', 'peer', 1), ('T1', 'w2023-11-13', 'UDANA', 'giver', 'peer', 1),
    ('T1', 'm2023-11', 'UDANA', 'giver', 'peer', 1), ('T1', 'all', 'UDANA', 'giver', 'peer', 1),
    ('T1', 'all', 'ULEE', 'receiver', 'peer', 0);
INSERT INTO pair (workspace, period, giver, receiver, n) VALUES
    ('T1', 'w2026-05-25', 'ULEE', 'UDANA', 1), ('T1', 'm2026-05', 'ULEE', 'UDANA', 1), ('T1', 'all', 'ULEE', 'UDANA', 1),
    ('T1', 'all', 'UDANA', 'ULEE', 0);
INSERT INTO post (workspace, kudos, audience, channel, ts, permalink) VALUES
    ('T1', 'k1', '', 'C1', '1780000101.000100', 'https://example.slack.com/archives/C1/p1780000101000100'),
    ('T1', 'k1', 'UDANA', 'D1', '1780000102.000100', '');
INSERT INTO outbox (id, workspace, kind, subject, lane, key, priority, state, run_at, attempts, lease, leased_until,
    unsettled, late_at, created_at, sent_at, reason) VALUES
    ('o1', 'T1', 'kudos.card', '{"kudos":"k1"}', 'C1', NULL, 10, 'done', 1780000100000, 1, NULL, NULL, FALSE, NULL,
     1780000100000, 1780000101000, ''),
    ('o2', 'T1', 'workspace.members', '{"cursor":null}', 'members', 'members', 20, 'waiting', 1780000100000, 0, NULL,
     NULL, FALSE, NULL, 1780000100000, NULL, ''),
    ('o3', 'T1', 'kudos.dm', '{"kudos":"k1","receiver":"UDANA"}', 'dm:UDANA', NULL, 10, 'sending', 1780000100000, 2,
     'lease', 1780000160000, TRUE, 1780000160000, 1780000100000, 1780000100000, 'timeout'),
    ('o4', 'T1', 'kudos.tell', '{}', 'dm:ULEE', NULL, 10, 'failed', 1780000100000, 9, NULL, NULL, FALSE, NULL,
     1780000100000, 1780000100000, 'account_inactive');
INSERT INTO draft (id, workspace, owner, kind, body, created_at, expires_at) VALUES
    ('f1', 'T1', 'ULEE', 'kudos.choice', '{"text":"@dana for it"}', 1780000100000, 1780086500000);
