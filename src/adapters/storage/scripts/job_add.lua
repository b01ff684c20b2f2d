-- Keeps a new job, which waits, and lists it under its owner, if it fits into its shares.
--
-- KEYS[1]  the record: JSON
-- KEYS[2]  waiting: sorted set of queued jobs by since when they wait
-- KEYS[3]  untold: sorted set of ended jobs by their end
-- KEYS[4]  the owner's jobs: sorted set by when they were added, in microseconds since 1970
-- then two for each share
--          its jobs: set, of which those count that still wait
--          its bytes: hash of the level of a leaky bucket, and at, when it was that
-- and last only if it was asked for under an idempotency key: the id of the job of that key
-- ARGV[1]  the job's id
-- ARGV[2]  its record
-- ARGV[3]  how many of an owner's newest jobs are listed
-- ARGV[4]  for how many milliseconds from now the owner's list is kept, and a share's jobs
-- ARGV[5]  how many shares
-- ARGV[6]  how many bytes the job counts for
-- then three for each share: how many may wait; how many bytes leak a second, and fit at all
--
-- Returns 1; or nothing changed and 0, if there is a record or a job of that key already, or
-- { number of the share it doesn't fit into, in how many milliseconds it does or 0 if too many wait }.

local shares, size = tonumber(ARGV[5]), tonumber(ARGV[6])
local key = KEYS[5 + 2 * shares]
local known = key and redis.call('GET', key)
-- A key without a record is of one that was evicted.
if known and redis.call('EXISTS', KEYS[1]:sub(1, -#ARGV[1] - 1) .. known) == 1 then
  return 0
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
-- Where one of them is no sorted set, this is refused before anything is written.
for i = 2, 4 do
  redis.call('ZCARD', KEYS[i])
end
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local levels, gone = {}, {}
for i = 1, shares do
  local jobs, bytes = KEYS[3 + 2 * i], KEYS[4 + 2 * i]
  local most, rate, burst = tonumber(ARGV[4 + 3 * i]), tonumber(ARGV[5 + 3 * i]), tonumber(ARGV[6 + 3 * i])
  local count = redis.call('SCARD', jobs)
  gone[i] = {}
  if count >= most then
    for _, id in ipairs(redis.call('SMEMBERS', jobs)) do
      if not redis.call('ZSCORE', KEYS[2], id) then
        table.insert(gone[i], id)
      end
    end
    if count - #gone[i] >= most then
      return { i, 0 }
    end
  end
  local kept = redis.call('HMGET', bytes, 'level', 'at')
  local past = math.max(0, now - (tonumber(kept[2]) or now))
  local level = math.max(0, (tonumber(kept[1]) or 0) - past * rate)
  -- What is more than all that fits is taken where nothing is.
  local over = math.min(level, level + size - burst)
  if over > 0.000001 then
    return { i, math.ceil(over / rate * 1000) }
  end
  levels[i] = level + size
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
-- An earlier job of the same id may have expired before it was told.
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], time[1] * 1000000 + time[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -ARGV[3] - 1)
redis.call('PEXPIRE', KEYS[4], ARGV[4])
for i = 1, shares do
  local jobs, bytes, rate = KEYS[3 + 2 * i], KEYS[4 + 2 * i], tonumber(ARGV[5 + 3 * i])
  for _, id in ipairs(gone[i]) do
    redis.call('SREM', jobs, id)
  end
  redis.call('SADD', jobs, ARGV[1])
  redis.call('PEXPIRE', jobs, ARGV[4])
  redis.call('HSET', bytes, 'level', string.format('%.3f', levels[i]), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', bytes, math.ceil(levels[i] / rate * 1000) + 1)
end
if key then
  redis.call('SET', key, ARGV[1])
end
return 1
