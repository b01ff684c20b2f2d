-- Prolongs the leases of connections in one room; those that lapsed meanwhile come back.
--
-- KEYS[1]  the room, as in enter.lua
-- ARGV[1]  lease, in milliseconds
-- ARGV[2…] the connections' entries

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
