-- The jobs of a sorted set that are due, oldest first.
--
-- KEYS[1]  the set: job ids by milliseconds since 1970
-- ARGV[1]  due is what stands for longer than so many milliseconds
-- ARGV[2]  so many of them are passed over
-- ARGV[3]  at most so many
-- ARGV[4]  "1" to have those given out wait anew, else ""
--
-- Returns their ids.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'LIMIT', ARGV[2], ARGV[3])
if ARGV[4] == '1' then
  for _, id in ipairs(ids) do
    redis.call('ZADD', KEYS[1], now, id)
  end
end
return ids
