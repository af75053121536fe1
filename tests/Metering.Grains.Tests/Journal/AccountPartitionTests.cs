using Metering.Contracts;

namespace Metering.Grains.Tests.Journal;

public sealed class AccountPartitionTests
{
    // The published XXH3 (64 bit, seed 0) of "abc" is 78AF5F94892F3950, of "a" E6C632B61E964E1F.
    [Theory]
    [InlineData("abc", 64, 0x10)]
    [InlineData("abc", 4096, 0x950)]
    [InlineData("a", 64, 0x1f)]
    [InlineData("a", 1, 0)]
    public void Account_has_the_same_partition_in_every_process_and_version(string account, int partitions, int expected) =>
        Assert.Equal(expected, AccountPartition.Of(account, partitions));

    [Fact]
    public void Accounts_spread_over_all_partitions_about_evenly()
    {
        var counts = new int[64];
        for (var i = 0; i < 64_000; i++)
        {
            counts[AccountPartition.Of($"customer-{i}", 64)]++;
        }

        // 1,000 expected; six standard deviations are about 190.
        Assert.All(counts, count => Assert.InRange(count, 810, 1190));
    }
}
