-- Prompts: when they are due, what was posted, who answered, and how Customer Service Week is marked.

CREATE TABLE schedule (
    id        TEXT   NOT NULL PRIMARY KEY,
    workspace TEXT   NOT NULL,
    channel   TEXT   NOT NULL,
    -- Whoever made it; empty once they were erased.
    maker     TEXT   NOT NULL,
    -- What it says: expression, zone, pack, days left out, and so on (JSON).
    body      TEXT   NOT NULL,
    -- The next instant at which something of it is due; NULL while nothing is.
    next_at   BIGINT
);
CREATE INDEX schedule_due ON schedule (workspace, next_at) WHERE next_at IS NOT NULL;

-- One due moment of a schedule. Its row is its claim: whoever enters it posts it.
CREATE TABLE occurrence (
    workspace TEXT   NOT NULL,
    schedule  TEXT   NOT NULL,
    due_at    BIGINT NOT NULL,
    channel   TEXT   NOT NULL,
    -- The local day in the schedule's zone.
    day       TEXT   NOT NULL,
    -- prompt | follow_up | wrap_up
    kind      TEXT   NOT NULL,
    -- The prompt's id.
    prompt    TEXT   NOT NULL,
    -- What was planned (JSON): a pack may change.
    planned   TEXT   NOT NULL,
    -- due | posted | missed | left_out | failed
    state     TEXT   NOT NULL,
    -- The post; empty until there is one.
    ts        TEXT   NOT NULL,
    -- What it quotes: answers by their ts, customers' words by their kudos (JSON).
    quoted    TEXT   NOT NULL,
    PRIMARY KEY (workspace, schedule, due_at)
);
CREATE INDEX occurrence_by_channel ON occurrence (workspace, channel, day);
CREATE INDEX occurrence_by_post ON occurrence (workspace, channel, ts) WHERE ts <> '';

-- Prompts that a steward passed over: they count as used.
CREATE TABLE passed_over (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    prompt    TEXT NOT NULL,
    day       TEXT NOT NULL,
    PRIMARY KEY (workspace, channel, prompt, day)
);

-- Prompts that stewards wrote themselves: they come before those of a pack, once.
CREATE TABLE own_prompt (
    workspace TEXT   NOT NULL,
    -- As in 'own-…'.
    id        TEXT   NOT NULL,
    -- The name of the theme it belongs to; empty for the next prompt that comes.
    theme     TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    author    TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);

-- Who answered: each reply in a prompt's thread. Its words stay in Slack.
CREATE TABLE answer (
    workspace TEXT   NOT NULL,
    channel   TEXT   NOT NULL,
    -- The prompt's post.
    post      TEXT   NOT NULL,
    ts        TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, channel, ts)
);
CREATE INDEX answer_by_post ON answer (workspace, channel, post);
CREATE INDEX answer_by_member ON answer (workspace, member);

-- Who liked an answer, by any emoji.
CREATE TABLE answer_like (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    ts        TEXT NOT NULL,
    member    TEXT NOT NULL,
    emoji     TEXT NOT NULL,
    PRIMARY KEY (workspace, channel, ts, member, emoji)
);
CREATE INDEX answer_like_by_member ON answer_like (workspace, member);

-- The opening note of Customer Service Week, which goes out under its author's name.
CREATE TABLE week_note (
    workspace TEXT   NOT NULL,
    -- The week's Monday.
    week      TEXT   NOT NULL,
    author    TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (workspace, week)
);

-- Personal pages at the end of Customer Service Week: where each stands.
CREATE TABLE week_page (
    workspace TEXT NOT NULL,
    week      TEXT NOT NULL,
    member    TEXT NOT NULL,
    channel   TEXT NOT NULL,
    ts        TEXT NOT NULL,
    PRIMARY KEY (workspace, week, member)
);
