-- Reads jobs, one after the other. Arguments: path up to the id's number, how many there are.
local prefix, jobs, count = "", 1, 0

function init(arguments)
  prefix, jobs = arguments[1], tonumber(arguments[2])
end

function request()
  count = count % jobs + 1
  return wrk.format("GET", prefix .. count)
end

dofile(debug.getinfo(1, "S").source:sub(2):match("^(.*)/[^/]*$") .. "/report.lua")
