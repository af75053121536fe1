namespace Metering.Silo.Storage.Redis;

/// <summary>
/// What Redis carries out in one step, on one stream: the log. Record <c>n</c> lies in it as two entries, <c>n-0</c> with the bytes and <c>n-1</c> without.
/// </summary>
/// <remarks>
/// <para>The second entry is there to be looked at: the last entry of the stream then says the last number without its record's bytes being copied, and the fence is
/// the stream itself. A number kept beside it could disagree with it one day; this cannot.</para>
/// <para>Redis writes all that a script changes into its append-only file and to its replicas as one transaction, and drops a transaction whose end is missing. So both
/// entries are there or neither is, wherever the file is cut off.</para>
/// <para>Numbers stay text in Lua: its own are doubles, exact only to 2^53.</para>
/// </remarks>
internal static class RedisScripts
{
    /// <summary>The only field of an entry.</summary>
    public const string Field = "r";

    /// <summary>Keys: stream. Arguments: the number before, the number, the bytes. Answers nil when appended, otherwise the last number there is.</summary>
    public const string Append = LastNumber + """
        local last = last_number(KEYS[1])
        if last ~= ARGV[1] then
          return last
        end
        redis.call('XADD', KEYS[1], ARGV[2] .. '-0', 'r', ARGV[3])
        redis.call('XADD', KEYS[1], ARGV[2] .. '-1', 'r', '')
        return nil
        """;

    /// <summary>Keys: stream. Answers the first and the last number; both 0 when there is none.</summary>
    public const string Extent = LastNumber + """
        local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
        return {first and string.match(first[1], '^%d+') or '0', last_number(KEYS[1])}
        """;

    /// <summary>Keys: stream. Arguments: the last number to remove. Never removes the last record.</summary>
    public const string Trim = LastNumber + """
        local last, through = last_number(KEYS[1]), ARGV[1]
        if #through < #last or (#through == #last and through < last) then
          return redis.call('XTRIM', KEYS[1], 'MINID', through .. '-2')
        end
        if last ~= '0' then
          return redis.call('XTRIM', KEYS[1], 'MINID', last .. '-0')
        end
        return 0
        """;

    /// <summary>
    /// Keys: stream. Arguments: the number to begin after, the bytes and the records that are enough. Answers numbers and bytes in turn; nothing at the end of the log.
    /// A few records are read at a time, so an answer is larger than asked by those few at most.
    /// </summary>
    public const string Read = """
        local answer, bytes, from = {}, 0, '(' .. ARGV[1] .. '-1'
        local enough_bytes, enough_values = tonumber(ARGV[2]), 2 * tonumber(ARGV[3])
        repeat
          local entries = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 8)
          for _, entry in ipairs(entries) do
            local number = string.match(entry[1], '^(%d+)-0$')
            if number then
              answer[#answer + 1] = number
              answer[#answer + 1] = entry[2][2]
              bytes = bytes + #entry[2][2]
            end
            from = '(' .. entry[1]
          end
        until #entries < 8 or bytes >= enough_bytes or #answer >= enough_values
        return answer
        """;

    private const string LastNumber = """
        local function last_number(stream)
          local entry = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
          return entry and string.match(entry[1], '^%d+') or '0'
        end

        """;
}
