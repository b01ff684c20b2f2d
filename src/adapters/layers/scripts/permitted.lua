-- Asks whether commands are permitted, before scripts begin to write and stop halfway.
--
-- KEYS[1]  a key of the service; channels are held to be permitted like keys
-- ARGV     the commands
--
-- Returns those that are not. A Redis before 7 can't be asked, and permits all.

local refused = {}
if redis.acl_check_cmd then
  for _, command in ipairs(ARGV) do
    if not redis.acl_check_cmd(command, KEYS[1]) then
      refused[#refused + 1] = command
    end
  end
end
return refused
