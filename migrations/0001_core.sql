-- The core: who people are, what they gave, what must be sent.
-- Instants are milliseconds since 1970 in UTC; days are local days as YYYY-MM-DD; ids are text.

CREATE TABLE workspace (
    id                TEXT   NOT NULL PRIMARY KEY,
    name              TEXT   NOT NULL,
    bot_user          TEXT   NOT NULL,
    installed_at      BIGINT NOT NULL,
    -- When the last complete member list was taken; NULL until the first one.
    members_synced_at BIGINT
);

CREATE TABLE member (
    workspace     TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    handle        TEXT    NOT NULL,
    display_name  TEXT    NOT NULL,
    real_name     TEXT    NOT NULL,
    -- IANA name; empty when Slack doesn't say.
    timezone      TEXT    NOT NULL,
    -- no | multi | single: guests of several channels or of one.
    guest         TEXT    NOT NULL,
    is_bot        BOOLEAN NOT NULL,
    is_deleted    BOOLEAN NOT NULL,
    is_stranger   BOOLEAN NOT NULL,
    is_admin      BOOLEAN NOT NULL,
    -- Slack's own count of changes: an older state never replaces a newer one.
    updated       BIGINT  NOT NULL,
    -- 0 for those found by the first complete list: here since ever.
    first_seen_at BIGINT  NOT NULL,
    -- The app's direct message with this person, once it was opened.
    dm            TEXT,
    PRIMARY KEY (workspace, id)
);

-- What a person may be called in a plain @mention, folded.
CREATE TABLE member_name (
    workspace TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    member    TEXT    NOT NULL,
    -- Display name, full name or handle; otherwise a first name.
    is_exact  BOOLEAN NOT NULL,
    PRIMARY KEY (workspace, name, member)
);
CREATE INDEX member_name_by_member ON member_name (workspace, member);

CREATE TABLE place (
    workspace  TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    -- Empty when Slack didn't tell.
    name       TEXT    NOT NULL,
    -- public | private | unknown
    kind       TEXT    NOT NULL,
    -- yes | no | unknown
    postable   TEXT    NOT NULL,
    -- Shared with another company.
    is_shared  BOOLEAN NOT NULL,
    -- When Slack refused a post for good; 0 when it didn't.
    refused_at BIGINT  NOT NULL,
    -- When Slack was last asked what this is; 0 if never.
    checked_at BIGINT  NOT NULL,
    PRIMARY KEY (workspace, channel)
);

-- What Slack delivered, and the few numbers of the outcome, so that a duplicate gets the same answer.
CREATE TABLE delivery (
    workspace TEXT   NOT NULL,
    delivery  TEXT   NOT NULL,
    feature   TEXT   NOT NULL,
    outcome   TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, delivery, feature)
);

-- One row per receiver. Who, whom, when, where and cost never change; they are reversed, not deleted.
CREATE TABLE ledger (
    id            TEXT   NOT NULL PRIMARY KEY,
    -- The thank-you that this row belongs to.
    kudos         TEXT   NOT NULL,
    workspace     TEXT   NOT NULL,
    giver         TEXT   NOT NULL,
    receiver      TEXT   NOT NULL,
    -- member | group
    receiver_kind TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    -- Where it was given; empty when nowhere (an import).
    channel       TEXT   NOT NULL,
    -- The post that gave; NULL for commands.
    message_ts    TEXT,
    -- post | reaction: the uniqueness key of what a message gives; NULL without one, or when it was freed.
    effect        TEXT,
    given_at      BIGINT NOT NULL,
    giver_day     TEXT   NOT NULL,
    workspace_day TEXT   NOT NULL,
    cost          BIGINT NOT NULL,
    -- default | silent | a channel's id
    announce      TEXT   NOT NULL,
    -- Digest of giver, receivers and normalised words.
    sameness      TEXT   NOT NULL,
    reversed_at   BIGINT,
    -- Who took it back: a member's id, or 'plaudit'.
    reversed_by   TEXT
);
CREATE INDEX ledger_by_kudos ON ledger (kudos);
CREATE INDEX ledger_by_giver ON ledger (workspace, giver, given_at);
CREATE INDEX ledger_by_time ON ledger (workspace, given_at, id);
CREATE UNIQUE INDEX ledger_effect ON ledger (workspace, channel, message_ts, giver, receiver, effect)
    WHERE effect IS NOT NULL;

-- What may be edited or emptied.
CREATE TABLE words (
    kudos       TEXT NOT NULL PRIMARY KEY,
    workspace   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    -- A JSON array of names.
    value_names TEXT NOT NULL
);

CREATE TABLE allowance (
    workspace TEXT   NOT NULL,
    giver     TEXT   NOT NULL,
    day       TEXT   NOT NULL,
    used      BIGINT NOT NULL,
    PRIMARY KEY (workspace, giver, day)
);

-- Derived from the ledger. Periods: d2026-10-05, w2026-10-05 (its Monday), m2026-10, all.
CREATE TABLE tally (
    workspace TEXT   NOT NULL,
    period    TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    -- giver | receiver
    role      TEXT   NOT NULL,
    -- peer | customer
    source    TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    PRIMARY KEY (workspace, period, member, role, source)
);

-- Derived from the ledger, peers only; breadth = pairs with n > 0. Periods: week, month, all.
CREATE TABLE pair (
    workspace TEXT   NOT NULL,
    period    TEXT   NOT NULL,
    giver     TEXT   NOT NULL,
    receiver  TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    PRIMARY KEY (workspace, period, giver, receiver)
);

-- What was posted for a kudos and where it stands.
CREATE TABLE post (
    workspace TEXT NOT NULL,
    kudos     TEXT NOT NULL,
    -- Empty for the card; a receiver's id for that person's DM.
    audience  TEXT NOT NULL,
    channel   TEXT NOT NULL,
    ts        TEXT NOT NULL,
    -- Empty until asked for.
    permalink TEXT NOT NULL,
    PRIMARY KEY (workspace, kudos, audience)
);
CREATE INDEX post_by_audience ON post (workspace, audience);

-- The durable queue of Slack calls.
CREATE TABLE outbox (
    id          TEXT   NOT NULL PRIMARY KEY,
    workspace   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    -- JSON with ids; rendered only when it is sent.
    subject     TEXT   NOT NULL,
    -- What is sent one after the other: a channel, or a person's DM.
    lane        TEXT   NOT NULL,
    -- A waiting row with the same key is reused.
    key         TEXT,
    priority    BIGINT NOT NULL,
    -- waiting | sending | done | failed
    state       TEXT   NOT NULL,
    run_at      BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    -- Who sends it now, and until when the others leave it alone.
    lease       TEXT,
    leased_until BIGINT,
    -- An attempt was never settled: the message may have been posted.
    unsettled   BOOLEAN NOT NULL,
    -- When its owner wants to hear that it still waits; NULL when nobody does, or once it was told.
    late_at     BIGINT,
    created_at  BIGINT NOT NULL,
    -- When the last attempt began; counts against Slack's limits.
    sent_at     BIGINT,
    -- Why it failed for good, or why it waits.
    reason      TEXT   NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (workspace, lane, priority, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_due ON outbox (run_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_late ON outbox (late_at) WHERE late_at IS NOT NULL;
CREATE INDEX outbox_sent ON outbox (workspace, lane, sent_at);
CREATE INDEX outbox_sent_at ON outbox (workspace, sent_at);
CREATE UNIQUE INDEX outbox_key ON outbox (workspace, key) WHERE key IS NOT NULL AND state = 'waiting';

-- What waits for a click (a choice of names, words to add), for 24 hours; the button carries its id.
CREATE TABLE draft (
    id         TEXT   NOT NULL PRIMARY KEY,
    workspace  TEXT   NOT NULL,
    owner      TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    -- JSON; words are masked before they come here.
    body       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX draft_by_expiry ON draft (expires_at);
