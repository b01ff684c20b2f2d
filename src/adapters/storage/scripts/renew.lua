-- Prolongs the leases of a server's connections in one room. It needs no memory: a Redis that has
-- none left does it, too.
--
-- KEYS     as in enter.lua
-- ARGV[1]  lease, in milliseconds
-- ARGV[2]  the server's id
--
-- Returns how many there are; -1 if the room does not know the server any more.

redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
if redis.call('SISMEMBER', KEYS[1], ARGV[2]) == 0 then
  return -1
end
return redis.call('ZCARD', KEYS[2])
