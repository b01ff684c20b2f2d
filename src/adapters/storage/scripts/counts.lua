-- What was counted so far. Writes nothing.
--
-- KEYS     as in tally.lua
-- ARGV[1]  for how long a name is kept that isn't counted, in milliseconds
--
-- Returns { how many in all, { name, how many, name, how many, … } }.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counts = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now - ARGV[1], '+inf')) do
  counts[#counts + 1] = name
  counts[#counts + 1] = string.match(redis.call('HGET', KEYS[1], name) or '', '^%d+$') or '0'
end
return { string.match(redis.call('GET', KEYS[3]) or '', '^%d+$') or '0', counts }
