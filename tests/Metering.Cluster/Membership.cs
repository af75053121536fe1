using System.Net;
using System.Text.Json;
using Metering.Contracts;
using StackExchange.Redis;

namespace Metering.Cluster;

/// <summary>Who owns which account, worked out from the membership in Redis as every silo does.</summary>
internal sealed class Membership(IReadOnlyList<SiloAddress> active)
{
    private const int Partitions = 64;
    private const string Key = "metering/members/metering";
    private const string VersionRow = "Version";

    public static Membership Nobody { get; } = new([]);

    public static async Task<Membership> ReadAsync(string redis)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis);
        var rows = await connection.GetDatabase().HashGetAllAsync(Key);

        // A silo that was started again has an old row that may still say that it is active.
        return new Membership(
        [
            .. rows.Where(row => row.Name != VersionRow).Select(row => JsonDocument.Parse(row.Value.ToString()).RootElement)
                .Where(row => row.GetProperty("Status").GetInt32() == (int)SiloStatus.Active)
                .Select(row => SiloAddress.FromParsableString(row.GetProperty("SiloAddress").GetProperty("SiloAddress").GetString()!))
                .GroupBy(silo => silo.Endpoint)
                .Select(silos => silos.MaxBy(silo => silo.Generation)!),
        ]);
    }

    /// <summary>Each with its generation: one that was started again is another.</summary>
    public IReadOnlyList<SiloAddress> Active => active;

    public bool IsActive(IPEndPoint silo) => active.Any(member => member.Endpoint.Equals(silo));

    public bool IsOwnedBy(string account, IPEndPoint silo) =>
        PartitionOwner.Of(AccountPartition.Of(account, Partitions), active) is { } owner && owner.Endpoint.Equals(silo);
}
