-- Boards, coverage, and the words that most people joined.

-- Whether the standings count this row. Where it differs from whether the row stands, the standings have yet to follow:
-- they do so a moment later and many rows at once, so that giving doesn't pay for them.
ALTER TABLE ledger ADD COLUMN is_ranked BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX ledger_unranked ON ledger (workspace, id) WHERE is_ranked = (reversed_at IS NOT NULL);

-- Pairs follow with the standings, and are counted for quarters and years, too: all of them anew.
DELETE FROM pair;

-- What boards show. Periods: week, month and all as in tally, quarters q2026-4 and years y2026.
CREATE TABLE standing (
    workspace TEXT   NOT NULL,
    period    TEXT   NOT NULL,
    -- givers (different people they thanked) | received (thanks of peers) | customers (thanks of customers)
    kind      TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    PRIMARY KEY (workspace, period, kind, member)
);
CREATE INDEX standing_by_rank ON standing (workspace, period, kind, n DESC, member);

-- The last day on which somebody was thanked.
CREATE TABLE thanked (
    workspace TEXT NOT NULL,
    member    TEXT NOT NULL,
    -- The workspace's local day; empty when everything was taken back.
    day       TEXT NOT NULL,
    PRIMARY KEY (workspace, member)
);

-- The same beside what makes a member active: coverage of everybody is one walk along one index.
ALTER TABLE member ADD COLUMN thanked_on TEXT NOT NULL DEFAULT '';
CREATE INDEX member_active ON member (workspace, first_seen_at, guest, thanked_on)
    WHERE NOT is_bot AND NOT is_deleted AND NOT is_stranger AND NOT is_away;

-- How many joined in a kudos, for those in which somebody did.
CREATE TABLE boosted (
    workspace TEXT   NOT NULL,
    kudos     TEXT   NOT NULL,
    -- The workspace's local day on which it was given, and its month, as in 2026-10.
    day       TEXT   NOT NULL,
    month     TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    PRIMARY KEY (workspace, kudos)
);
CREATE INDEX boosted_by_month ON boosted (workspace, month, n DESC, kudos);
CREATE INDEX boosted_by_count ON boosted (workspace, n DESC, kudos);
INSERT INTO boosted (workspace, kudos, day, month, n)
    SELECT b.workspace, b.kudos, MIN(l.workspace_day), SUBSTR(MIN(l.workspace_day), 1, 7), COUNT(DISTINCT b.member)
    FROM boost b JOIN ledger l ON l.kudos = b.kudos AND l.workspace = b.workspace
    WHERE l.reversed_at IS NULL GROUP BY b.workspace, b.kudos;

-- How many of a team were active at a month's end, and how many of them were thanked in it. Who was active then can't
-- be found out later.
CREATE TABLE coverage (
    workspace TEXT   NOT NULL,
    -- A team's id; empty for all active members.
    team      TEXT   NOT NULL,
    -- As in 2026-10.
    month     TEXT   NOT NULL,
    active    BIGINT NOT NULL,
    thanked   BIGINT NOT NULL,
    PRIMARY KEY (workspace, team, month)
);
