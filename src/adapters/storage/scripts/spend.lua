-- Count what a member sent: two leaky buckets that all servers fill.
--
-- KEYS[1]  a hash: frames and bytes, which are the levels, and at, when they were that
-- ARGV     frames, bytes; frames a second, burst of frames; bytes a second, burst of bytes
--
-- Returns in how many milliseconds no bucket is over its burst any more; 0 if none is.

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'frames', 'bytes', 'at')
local past = math.max(0, now - (tonumber(kept[3]) or now))
local wait, empty = 0, 0
local levels = {}
for i = 1, 2 do
  local rate, burst = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local level = math.max(0, (tonumber(kept[i]) or 0) - past * rate) + ARGV[i]
  levels[i] = string.format('%.6f', level)
  wait = math.max(wait, (level - burst) / rate)
  empty = math.max(empty, level / rate)
end
redis.call('HSET', KEYS[1], 'frames', levels[1], 'bytes', levels[2], 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(empty * 1000) + 1)
return math.ceil(wait * 1000)
