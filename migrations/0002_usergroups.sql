-- User groups, which are thanked as teams.

CREATE TABLE usergroup (
    workspace   TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    handle      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    is_disabled BOOLEAN NOT NULL,
    -- When Slack was last asked who is in it.
    checked_at  BIGINT  NOT NULL,
    PRIMARY KEY (workspace, id)
);

-- Who was in it from when until when, as far as we saw: whom a kudos for the team thanked is who was in it then.
CREATE TABLE usergroup_member (
    workspace TEXT   NOT NULL,
    usergroup TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    since     BIGINT NOT NULL,
    -- NULL while they are in it.
    until     BIGINT,
    PRIMARY KEY (workspace, usergroup, member, since)
);
