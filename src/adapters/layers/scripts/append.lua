-- Stores one message of a durable group and tells every server process about it.
--
-- KEYS[1]  the group's stream: id "milliseconds-offset", fields b: the encoded frame,
--          x: the connection that was not to hear it, or ""
-- KEYS[2]  the group's meta: hash of epoch, offset, at, over
-- ARGV[1]  an epoch, in case the history begins anew
-- ARGV[2]  capacity, in messages
-- ARGV[3]  expiry, in milliseconds
-- ARGV[4]  for how long the meta is remembered after the newest message, in milliseconds
-- ARGV[5]  the pub/sub channel
-- ARGV[6]  the connection that is not to hear it, or ""
-- ARGV[7]  "1" for the group's last message, or ""
-- ARGV[8]  the encoded frame
--
-- Returns the offset; 0, and nothing stored, after the group's last message.

local meta = redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'at', 'over')
if meta[4] then
  return 0
end
local epoch = meta[1] or ARGV[1]
local offset = tonumber(meta[2] or '0') + 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = math.max(now, tonumber(meta[3] or '0'))
local expiry = tonumber(ARGV[3])

local id = string.format('%.0f-%.0f', at, offset)
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], id, 'b', ARGV[8], 'x', ARGV[6])
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', now - expiry))
redis.call('HSET', KEYS[2], 'epoch', epoch, 'offset', offset, 'at', string.format('%.0f', at))
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[2], 'over', '1')
end
redis.call('PEXPIRE', KEYS[1], expiry)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
local head = string.format('%s %.0f %.0f %s %s\n', epoch, at, offset, ARGV[6], ARGV[7])
redis.call('PUBLISH', ARGV[5], head .. ARGV[8])
return offset
