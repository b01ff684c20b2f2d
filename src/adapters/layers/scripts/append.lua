-- Stores one message of a durable group and tells every server process about it. One that is
-- passing is not stored: it is told with the end of the history, which it begins if there is none.
--
-- KEYS[1]  the group's stream: id "milliseconds-offset", fields b: the encoded frame,
--          x: the connection that was not to hear it, or "", h: headers as JSON
-- KEYS[2]  the group's meta: hash of epoch, offset, at, over, fence: the highest so far, length: characters
--          of the text, and size: "bytes entries offset oldest",
--          the sum of the stream's frames, as long as it has so many entries and that offset, and
--          the milliseconds of the oldest, or less
-- KEYS[3]  the group's idempotency keys: sorted set of key by milliseconds
-- KEYS[4]  where their messages stand: hash of key to "epoch milliseconds offset"
-- KEYS[5]  the text that grows beside the history
-- ARGV[1]  an epoch, in case the history begins anew
-- ARGV[2]  capacity, in messages
-- ARGV[3]  expiry, in milliseconds
-- ARGV[4]  for how long the meta is remembered after the newest message, in milliseconds
-- ARGV[5]  the pub/sub channel
-- ARGV[6]  the connection that is not to hear it, or ""
-- ARGV[7]  "last" for the group's last message, "passing" for one that is not stored, or ""
-- ARGV[8]  the encoded frame, or "" to ask for an idempotency key and store nothing
-- ARGV[9]  the message's idempotency key, or ""
-- ARGV[10] for how long idempotency keys are remembered, in milliseconds
-- ARGV[11] how many of them are remembered
-- ARGV[12] the message's headers, a JSON object
-- ARGV[13] how many bytes the group's frames may have; the newest message is kept even so
-- ARGV[14] the message's fence, or 0 for none
-- ARGV[15] where the text must end for the message to be taken, in characters; 0 to begin it anew;
--          "" for a message that doesn't grow it
-- ARGV[16] what the text grows by
-- ARGV[17] how many characters that is
--
-- Returns "epoch milliseconds offset", of the message that was stored under the same key if
-- there is one; "", and nothing stored, after the group's last message, below the fence, or where the
-- text ends elsewhere.
--
-- What a stranger wrote in place of one of these keys is removed, and the history begins anew: its
-- readers are told, and no other group is worse off. Then what it returns stands in a list.

local meta = redis.pcall('HMGET', KEYS[2], 'epoch', 'offset', 'at', 'over', 'size', 'fence', 'length')
local over = meta[4]
if over then
  return ''
end
local fence, text_at = tonumber(ARGV[14]), tonumber(ARGV[15])
local highest = tonumber(meta[6] or '0') or 0
if fence > 0 and fence < highest then
  return ''
end
if text_at and text_at > 0 then
  local kept = redis.pcall('STRLEN', KEYS[5]) -- an error, if it is a stranger's
  if tonumber(meta[7] or '') ~= text_at or type(kept) ~= 'number' or kept == 0 then
    return ''
  end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, remembered = ARGV[9], tonumber(ARGV[10])
local sent = key ~= '' and redis.pcall('ZSCORE', KEYS[3], key)
local stands = key ~= '' and redis.pcall('HGET', KEYS[4], key)
if
  type(sent) == 'string'
  and type(stands) == 'string'
  and tonumber(sent) >= now - remembered
  and string.match(stands, '^[0-9a-f]+ %d+ %d+$')
then
  return stands
end
if ARGV[8] == '' then
  return ''
end
local was_damaged = false
if type(sent) == 'table' or type(stands) == 'table' then
  redis.call('DEL', KEYS[3], KEYS[4])
  was_damaged = true
end
local function answer(place)
  return was_damaged and { place } or place
end

local length = redis.pcall('XLEN', KEYS[1])
local function begin_anew()
  redis.call('DEL', KEYS[1], KEYS[2])
  meta, length, was_damaged, highest = {}, 0, true, 0
end
local place = (meta[1] or '') .. ' ' .. (meta[3] or '') .. ' ' .. (meta[2] or '')
local is_ours = place == '  '
  or string.match(place, '^[0-9a-f]+ %d+ %d+$') and #meta[1] == 12 and #meta[3] < 15 and #meta[2] < 15
if meta.err or type(length) ~= 'number' or not is_ours then
  begin_anew()
end

local epoch = meta[1] or ARGV[1]
local function tell(at, offset)
  local place = string.format('%s %.0f %.0f', epoch, at, offset)
  local kind = ARGV[7] == 'passing' and '"l":false,"n":true'
    or ARGV[7] == 'last' and '"l":true' or '"l":false'
  local head = '{"v":2,"p":"%s","x":"%s",%s,"h":%s}\n'
  redis.call('PUBLISH', ARGV[5], string.format(head, place, ARGV[6], kind, ARGV[12]) .. ARGV[8])
  return place
end

if ARGV[7] == 'passing' then
  if not meta[1] then
    redis.call('HSET', KEYS[2], 'epoch', epoch, 'offset', 0, 'at', string.format('%.0f', now))
  end
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
  return answer(tell(tonumber(meta[3] or now), tonumber(meta[2] or '0')))
end

local capacity, expiry, most_bytes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[13])
local function bytes_of(entry)
  return #entry[2][2] -- its frame, or the first that a stranger put there
end
local function ms_of(entry)
  return tonumber(string.match(entry[1], '^%d+'))
end
local function fits(bytes, entries, oldest)
  return entries == 1 or entries <= capacity and bytes <= most_bytes and oldest >= now - expiry
end
-- What is kept beside this one, and the sum: of a sum that is known, without the oldest that go; ...
local function without_oldest(bytes, entries, oldest)
  local after, most = '-', 1 -- for mostly one goes as one comes
  while not fits(bytes, entries, oldest) do
    for _, entry in ipairs(redis.call('XRANGE', KEYS[1], after, '+', 'COUNT', most)) do
      oldest = ms_of(entry)
      if fits(bytes, entries, oldest) then
        break
      end
      bytes, entries, after = bytes - bytes_of(entry), entries - 1, '(' .. entry[1]
    end
    most = math.min(most * 2, 100)
  end
  return bytes, entries, oldest
end
-- ... or counted from the newest on, and no further than it fits.
local function counted()
  local bytes, entries, oldest, before = #ARGV[8], 1, now, '+'
  repeat
    local page = redis.call('XREVRANGE', KEYS[1], before, '-', 'COUNT', 100)
    for _, entry in ipairs(page) do
      local more, older = bytes + bytes_of(entry), ms_of(entry)
      if not fits(more, entries + 1, older) then
        return bytes, entries, oldest
      end
      bytes, entries, oldest, before = more, entries + 1, older, '(' .. entry[1]
    end
  until #page < 100
  return bytes, entries, oldest
end
local bytes, entries, as_of, oldest = string.match(meta[5] or '', '^(%d+) (%d+) (%d+) (%d+)$')
if as_of and as_of == meta[2] and tonumber(entries) == length then
  bytes, entries, oldest = without_oldest(bytes + #ARGV[8], length + 1, tonumber(oldest))
  if entries == 1 then
    bytes = #ARGV[8] -- whatever a stranger made of the sum
  end
else
  -- It was never counted, or another release stored, or something was deleted since.
  bytes, entries, oldest = counted()
end

if text_at == 0 then
  redis.call('SET', KEYS[5], ARGV[16])
elseif text_at then
  redis.call('APPEND', KEYS[5], ARGV[16])
end
local at, offset
local function add(later)
  offset = tonumber(meta[2] or '0') + 1
  at = math.max(now, tonumber(meta[3] or '0')) + later
  local id = string.format('%.0f-%.0f', at, offset)
  local entry = { 'b', ARGV[8], 'x', ARGV[6], 'h', ARGV[12] }
  return redis.pcall('XADD', KEYS[1], 'MAXLEN', entries, id, unpack(entry))
end
local function is_taken(reply)
  local why = type(reply) == 'table' and reply.err or ''
  -- The latter where it is the last id that there is: no other can come after it.
  return string.find(why, 'equal or smaller', 1, true) or string.find(why, 'exhausted', 1, true)
end
local added = add(0)
if is_taken(added) then
  added = add(1) -- for a stranger's entry of this very moment
end
if is_taken(added) then
  -- A stranger's entry stands where ours would come for years.
  begin_anew()
  epoch = ARGV[1] -- and the next message is counted anew
  added = add(0)
end
if type(added) == 'table' and added.err then
  return added
end
local size = string.format('%.0f %.0f %.0f %.0f', bytes, entries, offset, oldest)
redis.call('HSET', KEYS[2], 'epoch', epoch, 'offset', offset, 'at', string.format('%.0f', at), 'size', size)
if fence > highest then
  redis.call('HSET', KEYS[2], 'fence', ARGV[14])
end
if text_at then
  redis.call('HSET', KEYS[2], 'length', string.format('%.0f', text_at + tonumber(ARGV[17])))
end
if ARGV[7] == 'last' then
  redis.call('HSET', KEYS[2], 'over', '1')
end
redis.call('PEXPIRE', KEYS[1], expiry)
if text_at or meta[7] then
  redis.call('PEXPIRE', KEYS[5], expiry)
end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
place = tell(at, offset)

if key ~= '' then
  redis.call('ZADD', KEYS[3], now, key)
  redis.call('HSET', KEYS[4], key, place)
  -- One came, so two at a time is enough to get rid of all that are old, or too many.
  local rest = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - remembered, 'LIMIT', 0, 2)
  if #rest == 0 and redis.call('ZCARD', KEYS[3]) > tonumber(ARGV[11]) then
    rest = redis.call('ZRANGE', KEYS[3], 0, 0)
  end
  for _, old in ipairs(rest) do
    redis.call('ZREM', KEYS[3], old)
    redis.call('HDEL', KEYS[4], old)
  end
  redis.call('PEXPIRE', KEYS[3], remembered)
  redis.call('PEXPIRE', KEYS[4], remembered)
end
return answer(place)
