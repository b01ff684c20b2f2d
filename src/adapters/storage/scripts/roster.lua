-- Who is in a room.
--
-- KEYS[1]  the room, as in enter.lua
-- ARGV[1]  at most so many entries, 0 for none
--
-- Returns { how many, entries }.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return {
  redis.call('ZCARD', KEYS[1]),
  redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1),
}
