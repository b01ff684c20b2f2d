-- Tells how far several durable groups have come. Writes nothing.
--
-- KEYS     the groups' metas
--
-- Returns of each the place "epoch milliseconds offset" of its end, or "" where there is none.

local places = {}
for i, key in ipairs(KEYS) do
  local meta = redis.pcall('HMGET', key, 'epoch', 'at', 'offset')
  local has_one = meta[1] and meta[2] and meta[3]
  places[i] = has_one and meta[1] .. ' ' .. meta[2] .. ' ' .. meta[3] or ''
end
return places
