INSERT INTO tally (workspace, period, member, role, source, n) VALUES
    ('T1', 'd2026-06-01', 'ULEE', 'giver', 'peer', 1), ('T1', 'd2026-06-01', 'UDANA', 'receiver', 'peer', 1);
