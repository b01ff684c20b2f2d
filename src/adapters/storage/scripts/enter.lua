-- Adds a connection to a room, if there is room for it.
--
-- KEYS[1]  the room: sorted set of "connection\nmember\nrecognised\nname", scored by the end of its lease
-- ARGV[1]  the connection's entry
-- ARGV[2]  lease, in milliseconds
-- ARGV[3]  how many a room takes
-- ARGV[4]  the entry that the connection had until now; the same one if it had none
--
-- Returns how many are in now, or -1 minus how many if the room is full.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local count = redis.call('ZCARD', KEYS[1])
if redis.call('ZREM', KEYS[1], ARGV[4]) == 0 then
  if count >= tonumber(ARGV[3]) then
    return -1 - count
  end
  count = count + 1
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return count
