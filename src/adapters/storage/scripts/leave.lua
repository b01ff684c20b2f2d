-- Removes a connection from a room.
--
-- KEYS     as in enter.lua
-- ARGV[1]  the connection's entry
-- ARGV[2]  begins the key of each server's connections
--
-- Returns how many are left.

redis.call('ZREM', KEYS[2], ARGV[1])
local count = 0
for _, server in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local here = tonumber(redis.pcall('ZCARD', ARGV[2] .. server)) or 0
  if here == 0 then
    redis.call('SREM', KEYS[1], server)
  end
  count = count + here
end
return count
