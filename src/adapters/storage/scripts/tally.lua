-- Counts one event.
--
-- KEYS[1]  sorted set of names by count
-- KEYS[2]  how many in all
-- ARGV[1]  the name
-- ARGV[2]  how many names there may be
-- ARGV[3]  what a name too many is counted as
--
-- Returns { how many of this name or nil if it is not counted on its own, how many in all }.

local name = ARGV[1]
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) and not redis.call('ZSCORE', KEYS[1], name) then
  redis.call('ZINCRBY', KEYS[1], 1, ARGV[3])
  return { false, redis.call('INCR', KEYS[2]) }
end
return { tonumber(redis.call('ZINCRBY', KEYS[1], 1, name)), redis.call('INCR', KEYS[2]) }
