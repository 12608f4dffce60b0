-- What is asked at every kudos and at every turn of the queue must not cost more when there is more of it.

DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (workspace, run_at) WHERE state IN ('waiting', 'sending');
DROP INDEX outbox_late;
CREATE INDEX outbox_late ON outbox (workspace, late_at) WHERE late_at IS NOT NULL;
DROP INDEX outbox_sent;
CREATE INDEX outbox_sent ON outbox (workspace, lane, sent_at) WHERE sent_at IS NOT NULL;
DROP INDEX outbox_sent_at;
CREATE INDEX outbox_sent_at ON outbox (workspace, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_leased ON outbox (workspace, leased_until) WHERE leased_until IS NOT NULL;

-- With the sameness in it, a giver's last ten minutes are read from the index alone.
DROP INDEX ledger_by_giver;
CREATE INDEX ledger_by_giver ON ledger (workspace, giver, given_at, sameness);

-- One workspace is the rule, so an index that begins with it looks as good as any other to the planner, which then read
-- everybody's last ten minutes for one giver's. By time alone it serves the export.
DROP INDEX ledger_by_time;
CREATE INDEX ledger_by_time ON ledger (given_at, id);
