-- Boards are told from the standings, so tallies are kept for days alone, of which any range can be summed up. What is
-- given is written at once and everybody waits for it: two counters instead of eight.
DELETE FROM tally WHERE SUBSTR(period, 1, 1) <> 'd';
