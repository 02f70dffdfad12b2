// The line's order, as Lua: each script is one step for Redis, so that two bots or workers at once cannot both be first.
// KEYS[1] is the pool of engines of one quality; every other key is its name and more, so all of them share a hash tag.
//
// Start-time fair queueing (Goyal, Vin and Cheng, 1996) in each lane. A render starts, in the lane's own virtual time, where
// its member's render before it finishes, and never before the lane's clock, which is the start of the last one that was
// taken; it finishes its cost later: microseconds of an engine over the member's weight. The lowest start goes first.
//
// In the pool's hash, for each lane: its `clock`, the last start that was given to somebody `fresh` (who owed the lane
// nothing), and its `shift`, which puts the lanes' clocks beside each other for engines that can take either.
// Beside it for each lane: `order` (id to start), `entries` (id to member, workload and finish), `joined` (id to when),
// `workloads` (those in the line), `workload:…` (id to start) for each of these, `of:…` for each member in the line, and
// `served` (member to the finish of the last one taken, as long as that is ahead of the clock).

const PREAMBLE = `
-- The least that a render costs: those who owe nothing are less than this apart.
local least = 1000
local pool = KEYS[1]
local lane = ARGV[1]
local function key(of, what) return pool .. ':' .. of .. ':' .. what end
local function figure(name, of) return tonumber(redis.call('HGET', pool, name .. ':' .. of) or '0') end
local function set(name, of, value) redis.call('HSET', pool, name .. ':' .. of, string.format('%.0f', value)) end
local function head(of)
  local first = redis.call('ZRANGE', key(of, 'order'), 0, 0, 'WITHSCORES')
  return first[1], tonumber(first[2])
end
`;

const REMOVE_FUNCTION = `
local function remove(id)
  local start = redis.call('ZSCORE', key(lane, 'order'), id)
  if not start then return nil end
  local member, workload, finish = cmsgpack.unpack(redis.call('HGET', key(lane, 'entries'), id))
  for _, what in ipairs({ 'order', 'joined', 'of:' .. member, 'workload:' .. workload }) do
    redis.call('ZREM', key(lane, what), id)
  end
  redis.call('HDEL', key(lane, 'entries'), id)
  if redis.call('EXISTS', key(lane, 'workload:' .. workload)) == 0 then
    redis.call('SREM', key(lane, 'workloads'), workload)
  end
  return tonumber(start), member, finish
end
`;

/**
 * ARGV: lane, id, member, workload, cost, now, channel, the other lanes. Joining twice keeps the first place.
 * A lane that was empty begins where the others are: it has no claim on what they were given meanwhile.
 */
export const JOIN_SCRIPT = `${PREAMBLE}
local id, member, workload, cost = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if redis.call('ZSCORE', key(lane, 'order'), id) then return 0 end
local clock = figure('clock', lane)
if redis.call('EXISTS', key(lane, 'order')) == 0 then
  local shift = figure('shift', lane)
  for index = 8, #ARGV do
    shift = math.max(shift, figure('clock', ARGV[index]) + figure('shift', ARGV[index]) - clock)
  end
  set('shift', lane, shift)
end
local last = redis.call('ZRANGE', key(lane, 'of:' .. member), -1, -1)[1]
local owed = last and select(3, cmsgpack.unpack(redis.call('HGET', key(lane, 'entries'), last)))
owed = owed or tonumber(redis.call('ZSCORE', key(lane, 'served'), member) or '0')
local start = owed
if owed <= clock then
  -- A microsecond apart, so that those who owe nothing are taken as they came, in whatever lane.
  start = math.max(clock, figure('fresh', lane) + 1)
  for index = 8, #ARGV do
    local after = figure('fresh', ARGV[index]) + figure('shift', ARGV[index]) - figure('shift', lane) + 1
    if after > start and after < start + least then start = after end
  end
  set('fresh', lane, start)
end
local score = string.format('%.0f', start)
redis.call('ZADD', key(lane, 'order'), score, id)
redis.call('ZADD', key(lane, 'of:' .. member), score, id)
redis.call('ZADD', key(lane, 'workload:' .. workload), score, id)
redis.call('ZADD', key(lane, 'joined'), ARGV[6], id)
redis.call('SADD', key(lane, 'workloads'), workload)
redis.call('HSET', key(lane, 'entries'), id, cmsgpack.pack(member, workload, start + cost))
redis.call('PUBLISH', ARGV[7], 'joined')
return 1
`;

/** ARGV: lane, id, channel. Answers 1 if it was in the line. What it would have cost its member is not owed any more. */
export const LEAVE_SCRIPT = `${PREAMBLE}${REMOVE_FUNCTION}
if not remove(ARGV[2]) then return 0 end
redis.call('PUBLISH', ARGV[3], 'left')
return 1
`;

/** ARGV: the lanes that an engine is free for. Answers a lane and its first, or nothing. */
export const NEXT_SCRIPT = `${PREAMBLE}
local lowest, answer
for _, of in ipairs(ARGV) do
  local id, start = head(of)
  local shifted = id and start + figure('shift', of)
  if id and (not lowest or shifted < lowest) then lowest, answer = shifted, { of, id } end
end
return answer
`;

/**
 * ARGV: lane, id, the other lanes. The clock goes on to its start. Another lane that is behind that has fewer engines, not
 * less luck: it is brought forward, so that it will not make up for it once it has more of them.
 */
export const TAKE_SCRIPT = `${PREAMBLE}${REMOVE_FUNCTION}
local start, member, finish = remove(ARGV[2])
if not start then return 0 end
local clock = math.max(figure('clock', lane), start)
set('clock', lane, clock)
redis.call('ZADD', key(lane, 'served'), 'GT', string.format('%.0f', finish), member)
redis.call('ZREMRANGEBYSCORE', key(lane, 'served'), '-inf', string.format('%.0f', clock))
local shifted = start + figure('shift', lane)
for index = 3, #ARGV do
  local id, first = head(ARGV[index])
  local isBehind = id and first + figure('shift', ARGV[index]) < shifted
  if isBehind then set('shift', ARGV[index], shifted + least - first) end
end
return 1
`;

/**
 * ARGV: lane, id, the other lanes. For the lane and for each of the others: how many are before it, by workload, as a flat
 * list. Nothing if it is not in the line.
 */
export const AHEAD_SCRIPT = `${PREAMBLE}
local start = redis.call('ZSCORE', key(lane, 'order'), ARGV[2])
if not start then return nil end
local shifted = tonumber(start) + figure('shift', lane)
local function ahead(of)
  local below = '(' .. string.format('%.0f', shifted - figure('shift', of))
  local counts = {}
  for _, workload in ipairs(redis.call('SMEMBERS', key(of, 'workloads'))) do
    local count = redis.call('ZCOUNT', key(of, 'workload:' .. workload), '-inf', below)
    if count > 0 then
      table.insert(counts, workload)
      table.insert(counts, count)
    end
  end
  return counts
end
local answer = { ahead(lane) }
for index = 3, #ARGV do table.insert(answer, ahead(ARGV[index])) end
return answer
`;
