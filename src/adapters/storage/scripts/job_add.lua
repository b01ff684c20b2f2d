-- Keeps a new job, which waits, and lists it under its owner.
--
-- KEYS[1]  the record: JSON
-- KEYS[2]  waiting: sorted set of queued jobs by since when they wait
-- KEYS[3]  untold: sorted set of ended jobs by their end
-- KEYS[4]  the owner's jobs: sorted set by when they were added, in microseconds since 1970
-- KEYS[5]  only if it was asked for under an idempotency key: the id of the job of that key
-- ARGV[1]  the job's id
-- ARGV[2]  its record
-- ARGV[3]  how many of an owner's newest jobs are listed
-- ARGV[4]  for how many milliseconds from now the owner's list is kept
--
-- Returns 1, or 0 and nothing changed if there is a record or a job of that key already.

local known = KEYS[5] and redis.call('GET', KEYS[5])
-- A key without a record is of one that was evicted.
if known and redis.call('EXISTS', KEYS[1]:sub(1, -#ARGV[1] - 1) .. known) == 1 then
  return 0
end
-- Where one of them is no sorted set, this is refused before anything is written.
for i = 2, 4 do
  redis.call('ZCARD', KEYS[i])
end
if not redis.call('SET', KEYS[1], ARGV[2], 'NX') then
  return 0
end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
-- An earlier job of the same id may have expired before it was told.
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], time[1] * 1000000 + time[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -ARGV[3] - 1)
redis.call('PEXPIRE', KEYS[4], ARGV[4])
if KEYS[5] then
  redis.call('SET', KEYS[5], ARGV[1])
end
return 1
