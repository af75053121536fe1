using System.Text;
using Metering.Grains.Journal;
using StackExchange.Redis;

namespace Metering.Silo.Storage.Redis;

/// <summary>
/// The accounts that have a snapshot, in one sorted set whose members all have the score 0: Redis keeps such members in the order of their bytes.
/// </summary>
internal sealed class RedisAccountIndex(RedisConnections redis, string serviceId) : IAccountIndex
{
    private const CommandFlags Primary = CommandFlags.DemandMaster;

    // Above every byte that UTF-8 has: ids that start with a prefix come before the prefix and this.
    private const byte AboveAll = 0xFF;

    private const byte Inclusive = (byte)'[';
    private const byte Exclusive = (byte)'(';

    private readonly string _key = $"{{{serviceId}}}:accounts";

    public Task AddAsync(string account, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(account);
        return redis.RunAsync(_key, database => database.SortedSetAddAsync(_key, account, 0, SortedSetWhen.NotExists, Primary), cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ListAsync(string prefix, string after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var startsAfter = after.Length > 0 && string.CompareOrdinal(after, prefix) >= 0;
        if (startsAfter && !after.StartsWith(prefix, StringComparison.Ordinal))
        {
            // Behind all that start with the prefix.
            return [];
        }

        // In Redis' own words. The client's method compares the two ends first, and takes an id like 09 for the number 9: it would turn the range around.
        byte[] from = startsAfter ? [Exclusive, .. Encoding.UTF8.GetBytes(after)] : [Inclusive, .. Encoding.UTF8.GetBytes(prefix)];
        byte[] to = [Inclusive, .. Encoding.UTF8.GetBytes(prefix), AboveAll];
        var members = await redis.RunAsync(
            _key, database => database.ExecuteAsync("ZRANGEBYLEX", [(RedisKey)_key, from, to, "LIMIT", 0, limit], Primary), cancellationToken);
        return Array.ConvertAll((RedisValue[])members!, static member => member.ToString());
    }
}
