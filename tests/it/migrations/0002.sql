-- Two user groups, one of them with somebody who has left it.
INSERT INTO usergroup (workspace, id, handle, name, is_disabled, checked_at) VALUES
    ('T1', 'SEMEA', 'support-emea', 'Support EMEA', FALSE, 1780000000000),
    ('T1', 'SOLD', 'old', 'Old & gone', TRUE, 1780000000000);
INSERT INTO usergroup_member (workspace, usergroup, member, since, until) VALUES
    ('T1', 'SEMEA', 'UDANA', 1780000000000, NULL),
    ('T1', 'SEMEA', 'ULEE', 1780000000000, 1780000600000);
