-- Removes a connection from a room.
--
-- KEYS[1]  the room, as in enter.lua
-- ARGV[1]  the connection's entry
--
-- Returns how many are left.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZCARD', KEYS[1])
