-- Submits jobs, each with an id of its own. Arguments: file of the body with @ID@ in it, word that no other run has.
local path = "/hf-unsloth/train"
local pieces, run, count = {}, "", 0

function init(arguments)
  local file = assert(io.open(arguments[1]))
  local body = file:read("*a") .. "@ID@"
  file:close()
  for piece in body:gmatch("(.-)@ID@") do pieces[#pieces + 1] = piece end
  run = arguments[2]
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  count = count + 1
  return wrk.format("POST", path, nil, table.concat(pieces, run .. "-" .. count))
end

dofile(debug.getinfo(1, "S").source:sub(2):match("^(.*)/[^/]*$") .. "/report.lua")
