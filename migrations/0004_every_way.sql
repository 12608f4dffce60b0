-- Every way to give and to put right: what a workspace has set, what a person has chosen, who joined in, and who changed
-- what.

-- What a workspace has set itself; what is missing comes from the environment.
CREATE TABLE setting (
    workspace TEXT NOT NULL,
    -- A field of the settings.
    name      TEXT NOT NULL,
    -- JSON.
    value     TEXT NOT NULL,
    PRIMARY KEY (workspace, name)
);

-- Who changed what, and when.
CREATE TABLE audit (
    id           TEXT   NOT NULL PRIMARY KEY,
    workspace    TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    -- A member's id; empty where nobody may learn who it was.
    who          TEXT   NOT NULL,
    -- As in 'setting.channel', 'kudos.removed'.
    what         TEXT   NOT NULL,
    -- What it was done to: a kudos, a member, a team; may be empty.
    subject      TEXT   NOT NULL,
    -- JSON.
    value_before TEXT   NOT NULL,
    value_after  TEXT   NOT NULL
);
CREATE INDEX audit_by_time ON audit (workspace, at, id);

-- What a person has chosen. The defaults are what nobody has to choose.
ALTER TABLE member ADD COLUMN is_private BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE member ADD COLUMN is_unlisted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE member ADD COLUMN wants_no_dms BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE member ADD COLUMN is_away BOOLEAN NOT NULL DEFAULT FALSE;

-- What is said, asked or done once and never again.
CREATE TABLE once (
    workspace TEXT   NOT NULL,
    what      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, what)
);

-- Who joined in a kudos: "me too".
CREATE TABLE boost (
    workspace TEXT   NOT NULL,
    kudos     TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, kudos, member)
);
CREATE INDEX boost_by_member ON boost (workspace, member);

-- Receivers who took their thanks out of sight: no card names them, nothing quotes it, the counts stay.
CREATE TABLE hidden (
    workspace TEXT   NOT NULL,
    kudos     TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, kudos, member)
);

-- The post that the cards of a local day stand under, where they are announced in a thread.
CREATE TABLE opening (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    day       TEXT NOT NULL,
    -- Empty until it is posted; '-' where Slack refused it, and cards stand on their own.
    ts        TEXT NOT NULL,
    PRIMARY KEY (workspace, channel, day)
);

-- Which kudos are told together, and on which morning; they stay here once they were.
CREATE TABLE roundup (
    workspace TEXT NOT NULL,
    kudos     TEXT NOT NULL,
    channel   TEXT NOT NULL,
    day       TEXT NOT NULL,
    PRIMARY KEY (workspace, kudos)
);
CREATE INDEX roundup_by_day ON roundup (workspace, channel, day);

-- What a person's Home shows, so that it is published only when that changed.
CREATE TABLE home (
    workspace TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    -- Digest of the view.
    shown     TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, member)
);

CREATE TABLE team (
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    name      TEXT NOT NULL,
    -- usergroup | channel | list
    kind      TEXT NOT NULL,
    -- The user group's or channel's id; empty for a list.
    source    TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
);

-- Each member's home team, with history.
CREATE TABLE team_member (
    workspace TEXT   NOT NULL,
    team      TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    since     BIGINT NOT NULL,
    -- NULL while it is theirs.
    until     BIGINT,
    PRIMARY KEY (workspace, team, member, since)
);
CREATE INDEX team_member_by_member ON team_member (workspace, member);

CREATE TABLE team_lead (
    workspace TEXT NOT NULL,
    team      TEXT NOT NULL,
    member    TEXT NOT NULL,
    PRIMARY KEY (workspace, team, member)
);

-- Who asked to be forgotten, by a digest of workspace and id: nothing creates them again.
CREATE TABLE tombstone (
    workspace TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, member)
);

-- The user groups that a person is in.
CREATE INDEX usergroup_member_by_member ON usergroup_member (workspace, member);

-- The words said to a person, newest first.
CREATE INDEX ledger_by_receiver ON ledger (workspace, receiver, given_at);

-- The chosen emoji under posts, as each person has them now.
CREATE TABLE reaction (
    workspace  TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    message_ts TEXT    NOT NULL,
    member     TEXT    NOT NULL,
    -- Its one name, whatever its alias and skin tone.
    emoji      TEXT    NOT NULL,
    is_on      BOOLEAN NOT NULL,
    -- When Slack says that it changed, in microseconds since 1970: events come late and twice.
    changed    BIGINT  NOT NULL,
    at         BIGINT  NOT NULL,
    PRIMARY KEY (workspace, channel, message_ts, member, emoji)
);

-- Which kudos a message stands for.
CREATE INDEX post_by_message ON post (workspace, channel, ts);
