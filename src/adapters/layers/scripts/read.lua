-- Reads a durable group's history at one moment.
--
-- KEYS[1]  the group's stream
-- KEYS[2]  the group's meta
-- ARGV[1]  the epoch that the reader knows, or "" for none
-- ARGV[2]  the id "milliseconds-offset" after which to read, "-" for all, or "" for none
-- ARGV[3]  at most so many of the newest, or "" for all
-- ARGV[4]  expiry, in milliseconds
--
-- Returns { epoch or "", offset, at, over or "", entries, oldest }: entries as of XRANGE, oldest
-- first; before `oldest` (milliseconds) all has expired. With another epoch than the reader's,
-- or an offset that is yet to come, all entries are given.

local meta = redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'at', 'over')
local epoch = meta[1] or ''
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = string.format('%.0f', now - tonumber(ARGV[4]))
redis.call('XTRIM', KEYS[1], 'MINID', oldest)

local entries = {}
if ARGV[3] == '0' then
  entries = {}
elseif ARGV[3] ~= '' then
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[3])
  for i = #newest, 1, -1 do
    entries[#entries + 1] = newest[i]
  end
elseif
  ARGV[2] == '-'
  or (ARGV[1] ~= '' and ARGV[1] ~= epoch)
  or tonumber(string.match(ARGV[2], '%d+$') or '0') > tonumber(meta[2] or '0')
then
  entries = redis.call('XRANGE', KEYS[1], '-', '+')
elseif ARGV[2] ~= '' then
  entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[2], '+')
end
return { epoch, meta[2] or '0', meta[3] or '0', meta[4] or '', entries, oldest }
