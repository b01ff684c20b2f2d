-- How many are in each of several rooms. Writes nothing.
--
-- KEYS     the rooms' servers, as in enter.lua
-- ARGV     for each room, what begins the key of each server's connections
--
-- Returns the numbers.

local sizes = {}
for i, room in ipairs(KEYS) do
  sizes[i] = 0
  for _, server in ipairs(redis.call('SMEMBERS', room)) do
    sizes[i] = sizes[i] + (tonumber(redis.pcall('ZCARD', ARGV[i] .. server)) or 0)
  end
end
return sizes
