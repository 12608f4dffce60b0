-- The monthly digest: what became of each month's, what is closed by it, and who wants which private edition.

-- One row per month that was decided about. Whoever inserts it, or changes its state, has claimed the month.
CREATE TABLE digest (
    workspace TEXT   NOT NULL,
    -- YYYY-MM
    month     TEXT   NOT NULL,
    -- shown | posting | posted | skipped | asked | refused | off
    state     TEXT   NOT NULL,
    -- The stewards' own words on top; may be empty.
    words     TEXT   NOT NULL,
    -- Who wrote them; empty without.
    words_by  TEXT   NOT NULL,
    -- Where it stands; empty until it does.
    channel   TEXT   NOT NULL,
    ts        TEXT   NOT NULL,
    -- When the state changed last.
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, month)
);

-- Months that were told to everybody: what was given in them until then is settled.
CREATE TABLE closed_month (
    workspace TEXT   NOT NULL,
    -- YYYY-MM
    month     TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, month)
);

-- Who wants a private edition, and who doesn't; without a row it is as that edition's default says.
CREATE TABLE edition (
    workspace TEXT    NOT NULL,
    member    TEXT    NOT NULL,
    -- own | team | executives
    edition   TEXT    NOT NULL,
    is_wanted BOOLEAN NOT NULL,
    PRIMARY KEY (workspace, member, edition)
);
