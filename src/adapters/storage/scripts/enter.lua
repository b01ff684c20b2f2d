-- Adds a connection to a room, if there is room for it.
--
-- KEYS[1]  the room's servers: set of their ids
-- KEYS[2]  the server's connections there: sorted set of "connection\nmember\nrecognised\nname",
--          scored by when they came, in milliseconds
-- ARGV[1]  the connection's entry
-- ARGV[2]  lease, in milliseconds: both keys end with it
-- ARGV[3]  how many a room takes
-- ARGV[4]  the entry that the connection had until now; the same one if it had none
-- ARGV[5]  the server's id
-- ARGV[6]  begins the key of each server's connections; its id follows
--
-- Returns how many are in now, or -1 minus how many if the room is full. A stranger's key in place of
-- another server's counts nobody: that server removes it.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count = 0
for _, server in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  count = count + (tonumber(redis.pcall('ZCARD', ARGV[6] .. server)) or 0)
end
if not redis.call('ZSCORE', KEYS[2], ARGV[4]) then
  if count >= tonumber(ARGV[3]) then
    return -1 - count
  end
  count = count + 1
end
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('SADD', KEYS[1], ARGV[5])
if ARGV[4] ~= ARGV[1] then
  redis.call('ZREM', KEYS[2], ARGV[4])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return count
