using System.Net;
using Metering.Contracts;

namespace Metering.Grains.Tests.Placement;

public sealed class PartitionOwnerTests
{
    private const int Partitions = 4096;

    /// <summary>
    /// Computed apart from the product, by the reference implementation of XxHash3 (xxhsum -H3). A change would make silos
    /// of two versions, and gateways, disagree about every owner.
    /// </summary>
    [Theory]
    [InlineData(0, "10.0.0.1:11111@1", 0x1a1095bfdf45983b)]
    [InlineData(1, "10.0.0.1:11111@1", 0x0c8c1c00bfe7a3d4)]
    [InlineData(63, "10.0.0.2:11111@412345678", 0x19071498c7759d03)]
    [InlineData(4095, "[fd00::17]:11111@412345678", 0xf1020f5fbefe34ef)]
    public void The_weight_of_a_silo_never_changes(int partition, string silo, ulong weight) => Assert.Equal(weight, PartitionOwner.Weight(partition, silo));

    [Fact]
    public void A_silo_is_named_by_address_port_and_generation() =>
        Assert.Equal("10.0.0.1:11111@412345678", Silo(1, 412345678).ToParsableString());

    [Fact]
    public void The_owner_is_the_silo_that_weighs_most_in_whatever_order_they_are_named()
    {
        var silos = Enumerable.Range(1, 7).Select(host => Silo(host)).ToArray();
        for (var partition = 0; partition < Partitions; partition++)
        {
            var heaviest = silos.MaxBy(silo => PartitionOwner.Weight(partition, silo.ToParsableString()));
            Assert.Equal(heaviest, PartitionOwner.Of(partition, silos));
            Assert.Equal(heaviest, PartitionOwner.Of(partition, silos.Reverse()));
        }
    }

    [Fact]
    public void Without_silos_there_is_no_owner() => Assert.Null(PartitionOwner.Of(0, []));

    /// <summary>
    /// Addresses come in families: the same machine on other ports, the same network and generation. A hash in which the differing part is mixed with the partition too little gives
    /// such silos shares that differ by a lot.
    /// </summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    public void Each_silo_gets_about_its_share_however_alike_the_addresses_are(int count)
    {
        for (var family = 0; family < 100; family++)
        {
            AssertEven([.. Enumerable.Range(1, count).Select(host => Silo(host, 400_000_000 + family))]);
            AssertEven([.. Enumerable.Range(1, count).Select(number => SiloAddress.New(IPAddress.Loopback, 20_000 + (family * 37) + number, 154_397_100))]);
            AssertEven([.. Enumerable.Range(1, count).Select(number => SiloAddress.New(IPAddress.Loopback, 11111, 154_397_100 + (family * 37) + number))]);
        }
    }

    [Fact]
    public void A_silo_that_joins_takes_partitions_and_moves_no_other()
    {
        var three = new[] { Silo(1), Silo(2), Silo(3) };
        var joining = Silo(4);
        foreach (var (before, after) in Owners(three).Zip(Owners([.. three, joining])))
        {
            Assert.True(after.Equals(before) || after.Equals(joining), $"A partition moved from {before} to {after} when {joining} joined.");
        }
    }

    [Fact]
    public void A_silo_that_leaves_gives_up_its_own_partitions_and_moves_no_other()
    {
        var three = new[] { Silo(1), Silo(2), Silo(3) };
        var pairs = Owners(three).Zip(Owners(three[..2])).ToList();
        Assert.All(pairs, pair => Assert.True(pair.First.Equals(three[2]) || pair.First.Equals(pair.Second), $"A partition moved from {pair.First} to {pair.Second}."));

        // What it had goes to both, not all to one.
        var heirs = pairs.Where(pair => pair.First.Equals(three[2])).CountBy(pair => pair.Second).ToDictionary();
        Assert.All(three[..2], silo => Assert.InRange(heirs[silo], Partitions / 3 * 0.4, Partitions / 3 * 0.6));
    }

    [Fact]
    public void A_silo_started_again_at_the_same_address_is_another_silo() =>
        Assert.NotEqual(PartitionOwner.Weight(0, Silo(1, 1).ToParsableString()), PartitionOwner.Weight(0, Silo(1, 2).ToParsableString()));

    private static void AssertEven(SiloAddress[] silos)
    {
        var owned = Owners(silos).CountBy(owner => owner).ToDictionary();

        // Each partition falls to each by chance 1/n: six deviations are never passed by chance.
        var share = (double)Partitions / silos.Length;
        var slack = 6 * Math.Sqrt(share * (1 - (1.0 / silos.Length)));
        Assert.All(silos, silo => Assert.InRange(owned.GetValueOrDefault(silo), share - slack, share + slack));
    }

    private static SiloAddress Silo(int host, int generation = 1) => SiloAddress.New(new IPAddress([10, 0, 0, (byte)host]), 11111, generation);

    private static SiloAddress[] Owners(SiloAddress[] silos) => [.. Enumerable.Range(0, Partitions).Select(partition => PartitionOwner.Of(partition, silos)!)];
}
