-- Replaces a job's record, if it is still as the caller read it. The rules of what may follow
-- what are the domain's; this only makes a change of theirs atomic.
--
-- KEYS[1]  the record: JSON
-- KEYS[2]  leases: sorted set of running jobs by the end of their lease
-- KEYS[3]  waiting: sorted set of queued jobs by since when they wait
-- KEYS[4]  untold: sorted set of ended jobs by their end
-- KEYS[5]  only if it was asked for under an idempotency key: the id of the job of that key
-- ARGV[1]  the job's id
-- ARGV[2]  the record as read
-- ARGV[3]  the record as it shall be
-- ARGV[4]  its state: queued, running, or anything else for ended
-- ARGV[5]  milliseconds: the lease of a running job ("": as it is), the retention of an ended one
--
-- Returns 1, or 0 and nothing changed.

if redis.call('GET', KEYS[1]) ~= ARGV[2] then
  return 0
end
-- Where one of them is no sorted set, this is refused before anything is written.
for i = 2, 4 do
  redis.call('ZCARD', KEYS[i])
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[3])
if ARGV[4] == 'running' then
  redis.call('ZREM', KEYS[3], ARGV[1])
  if ARGV[5] ~= '' then
    redis.call('ZADD', KEYS[2], now + ARGV[5], ARGV[1])
  end
elseif ARGV[4] == 'queued' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZADD', KEYS[3], now, ARGV[1])
else
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  if KEYS[5] then
    redis.call('PEXPIRE', KEYS[5], ARGV[5])
  end
  redis.call('ZADD', KEYS[4], now, ARGV[1])
end
return 1
