-- Reads a durable group's history at one moment. Writes nothing.
--
-- KEYS[1]  the group's stream
-- KEYS[2]  the group's meta
-- ARGV[1]  the epoch that the reader knows, or "" for none
-- ARGV[2]  the id "milliseconds-offset" after which to read, or "-" for all
-- ARGV[3]  at most so many of the newest, or "" for all
-- ARGV[4]  expiry, in milliseconds
-- ARGV[5]  at most so many at once, oldest first
-- ARGV[6]  where to stop: "+", or "(milliseconds-offset"
-- ARGV[7]  the id of the last entry of the page before, in the same epoch, or ""
-- ARGV[8]  at most so many bytes at once, or one entry
--
-- Returns { place, over or "", entries, oldest, first, all }: the place "epoch milliseconds offset" of the end,
-- "" if nothing was said yet, nil if the keys aren't ours; entries as of XRANGE, oldest first;
-- before `oldest` (milliseconds) all has expired; the id of the `first` that is kept, or ""; 1 if these
-- are `all`, else 0. With another epoch than the reader's, or an
-- offset that is yet to come, all entries are given.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = string.format('%.0f', now - tonumber(ARGV[4]))

local meta = redis.pcall('HMGET', KEYS[2], 'epoch', 'at', 'offset', 'over')
local length = redis.pcall('XLEN', KEYS[1])
local epoch, at, offset = meta[1] or '', meta[2] or '', meta[3] or ''
local place = epoch .. ' ' .. at .. ' ' .. offset
if place == '  ' then
  place = ''
elseif
  not string.match(place, '^[0-9a-f]+ %d+ %d+$') or #epoch ~= 12 or #at > 14 or #offset > 14
then
  place = false
end
if meta.err or type(length) ~= 'number' or not place then
  return { false, '', {}, oldest, '', 1 }
end
local kept = redis.call('XRANGE', KEYS[1], oldest, '+', 'COUNT', 1)[1]

local entries, all = {}, 1
if ARGV[3] == '0' then
  entries = {}
elseif ARGV[3] ~= '' then
  local newest = redis.call('XREVRANGE', KEYS[1], '+', oldest, 'COUNT', ARGV[3])
  for i = #newest, 1, -1 do
    entries[#entries + 1] = newest[i]
  end
else
  local after_ms, after = string.match(ARGV[2], '^(%d+)-(%d+)$')
  local first = oldest
  if ARGV[7] ~= '' and ARGV[1] == epoch then
    first = '(' .. ARGV[7]
  elseif
    after
    and ARGV[1] == epoch
    and tonumber(after) <= tonumber(offset)
    and tonumber(after_ms) >= tonumber(oldest)
  then
    first = '(' .. ARGV[2]
  end
  local found = redis.call('XRANGE', KEYS[1], first, ARGV[6], 'COUNT', ARGV[5])
  local bytes = 0
  for i, entry in ipairs(found) do
    for _, text in ipairs(entry[2]) do
      bytes = bytes + #text
    end
    if i > 1 and bytes > tonumber(ARGV[8]) then
      break
    end
    entries[i] = entry
  end
  if #entries < #found or #found == tonumber(ARGV[5]) then
    all = 0
  end
end
return { place, meta[4] or '', entries, oldest, kept and kept[1] or '', all }
