-- Keeps revocations, each at a place of its own, in the order of their coming.
--
-- KEYS[1]  revocations: sorted set by place, which is about the microseconds since 1970
-- ARGV[1]  how many there may be
-- ARGV[2]  for how long they are kept, in milliseconds
-- ARGV[3]  how many others these take the place of
-- ARGV[4]  and so on: those others, and then these; what is there already stays where it is
--
-- Returns { which of ARGV the last new one is, or 0; its place }, or nil if there would be too many.
-- The newest is never taken out: processes see from it that nothing was lost.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function text(place)
  return string.format('%.0f', place)
end

-- A place days ahead is not of our making, and would have all others behind it.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - ARGV[2] * 1000))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. text(now + 86400 * 1000000), '+inf')

local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local first = 4 + ARGV[3]
local old, new = {}, {}
for i = 4, first - 1 do
  if ARGV[i] ~= newest[1] and redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    old[#old + 1] = ARGV[i]
  end
end
for i = first, #ARGV do
  if not redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    new[#new + 1] = i
  end
end
if redis.call('ZCARD', KEYS[1]) + #new - #old > tonumber(ARGV[1]) then
  return false
end

for _, member in ipairs(old) do
  redis.call('ZREM', KEYS[1], member)
end
local place = math.max(now, tonumber(newest[2] or 0) + 1)
for _, i in ipairs(new) do
  redis.call('ZADD', KEYS[1], text(place), ARGV[i])
  place = place + 1
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { new[#new] or 0, text(place - 1) }
