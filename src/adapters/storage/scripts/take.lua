-- Count one more in a leaky bucket, unless it is too much.
--
-- KEYS[1]  a hash: level, and at, when it was that
-- ARGV     how many leak a second, burst
--
-- Returns 0, or in how many milliseconds it may be tried again: then nothing is counted.

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local level = math.max(0, (tonumber(kept[1]) or 0) - math.max(0, now - (tonumber(kept[2]) or now)) * rate)
local over = level + 1 - burst
if over > 0.000001 then
  return math.ceil(over / rate * 1000)
end
level = level + 1
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(level / rate * 1000) + 1)
return 0
