-- Who is in a room. Writes nothing.
--
-- KEYS[1]  the room's servers, as in enter.lua
-- ARGV[1]  at most so many entries
-- ARGV[2]  begins the key of each server's connections
--
-- Returns { how many, entries }.

local servers = redis.call('SMEMBERS', KEYS[1])
table.sort(servers)
local count, left, entries = 0, tonumber(ARGV[1]), {}
for _, server in ipairs(servers) do
  local key = ARGV[2] .. server
  count = count + (tonumber(redis.pcall('ZCARD', key)) or 0)
  if #entries < left then
    for _, entry in ipairs(redis.pcall('ZRANGE', key, 0, left - #entries - 1)) do
      entries[#entries + 1] = entry
    end
  end
end
return { count, entries }
