-- Keeps the list of rooms by when each was last used; those unused for a lease are forgotten.
--
-- KEYS[1]  the list: sorted set of names by milliseconds
-- ARGV[1]  lease, in milliseconds
-- ARGV[2…] names of rooms that are used now

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- First: a Redis that has no memory left only stops scripts that have written nothing yet.
redis.call('PEXPIRE', KEYS[1], ARGV[1])
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], now, ARGV[i])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
