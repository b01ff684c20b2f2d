-- Brings connections back into a room that has lost them.
--
-- KEYS     as in enter.lua
-- ARGV[1]  lease, in milliseconds
-- ARGV[2]  the server's id
-- ARGV[3…] the connections' entries

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 3, #ARGV do
  redis.call('ZADD', KEYS[2], now, ARGV[i])
end
redis.call('SADD', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
