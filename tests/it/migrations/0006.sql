INSERT INTO standing (workspace, period, kind, member, n) VALUES
    ('T1', 'm2026-06', 'received', 'U2', 3), ('T1', 'y2026', 'givers', 'U1', 2);
INSERT INTO thanked (workspace, member, day) VALUES ('T1', 'U2', '2026-06-02'), ('T1', 'U3', '');
INSERT INTO coverage (workspace, team, month, active, thanked) VALUES ('T1', '', '2026-05', 40, 31), ('T1', 't1', '2026-05', 8, 8);
INSERT INTO pair (workspace, period, giver, receiver, n) VALUES ('T1', 'q2026-2', 'ULEE', 'UDANA', 1);
