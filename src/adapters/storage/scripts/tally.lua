-- Counts one event.
--
-- KEYS[1]  how often each name was counted: hash
-- KEYS[2]  when it was last: sorted set by milliseconds
-- KEYS[3]  how many in all
-- ARGV[1]  the name
-- ARGV[2]  how many names there may be
-- ARGV[3]  what a name too many is counted as
-- ARGV[4]  for how long a name is kept that isn't counted, in milliseconds
-- ARGV[5]  "known" to count nothing if the name would be new, else ""
--
-- Returns { how many of this name or nil if it is not counted on its own, how many in all }; nil if
-- nothing was counted.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expiry = tonumber(ARGV[4])
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - expiry)
redis.call('HLEN', KEYS[1]) -- where it is no hash, this is refused before anything is written
local kept = redis.call('ZCARD', KEYS[2]) - #expired

local function is_kept(name)
  local last = redis.call('ZSCORE', KEYS[2], name)
  return last and tonumber(last) > now - expiry
end

local name = ARGV[1]
if is_kept(ARGV[3]) then
  kept = kept - 1
end
if not is_kept(name) then
  if kept >= tonumber(ARGV[2]) then
    name = ARGV[3]
  elseif ARGV[5] == 'known' then
    return false
  end
end
local total = redis.call('INCR', KEYS[3])
for _, old in ipairs(expired) do
  redis.call('HDEL', KEYS[1], old)
  redis.call('ZREM', KEYS[2], old)
end
local count = redis.pcall('HINCRBY', KEYS[1], name, 1)
if type(count) == 'table' then
  count = 1 -- a stranger's word stood there
  redis.call('HSET', KEYS[1], name, count)
end
redis.call('ZADD', KEYS[2], now, name)
for _, key in ipairs(KEYS) do
  redis.call('PEXPIRE', key, expiry)
end
return { name ~= ARGV[3] and count, total }
