using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class JournalSettingsTests
{
    private readonly FaultyJournalStore _store = new();

    [Fact]
    public async Task Number_of_partitions_is_recorded_once_and_another_is_refused_in_one_line()
    {
        using (var silo = new TestSilo(_store, new JournalOptions { Partitions = 4 }))
        {
            await silo.Open("acme");
        }

        using (var same = new TestSilo(_store, new JournalOptions { Partitions = 4 }))
        {
            await same.Open("acme");
        }

        Assert.Equal([1L], _store.Numbers("cluster"));
        using var other = new TestSilo(_store, new JournalOptions { Partitions = 8 });
        var refused = await Assert.ThrowsAsync<JournalSettingsException>(() => other.Open("acme"));
        Assert.Equal("The store was created with 4 journal partitions and this silo is set to 8: set Partitions to 4.", refused.Message);
        await Assert.ThrowsAsync<JournalSettingsException>(() => other.Journal.OpenAllAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Two_silos_that_create_the_store_together_agree_on_one_number()
    {
        using var four = new TestSilo(_store, new JournalOptions { Partitions = 4 });
        using var eight = new TestSilo(_store, new JournalOptions { Partitions = 8 });
        var outcomes = await Task.WhenAll(Outcome(four), Outcome(eight));
        Assert.Single(outcomes, isOpen => isOpen);

        static async Task<bool> Outcome(TestSilo silo)
        {
            try
            {
                await silo.Open("acme");
                return true;
            }
            catch (JournalSettingsException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Damaged_record_of_the_number_of_partitions_is_refused()
    {
        using (var silo = new TestSilo(_store))
        {
            await silo.Open("acme");
        }

        _store.Bytes("cluster", 1)[^1] ^= 1;
        using var next = new TestSilo(_store);
        await Assert.ThrowsAsync<JournalSettingsException>(() => next.Open("acme"));
    }

    [Fact]
    public void Defaults_are_valid() => Assert.True(Validate(new JournalOptions()).Succeeded);

    [Theory]
    [InlineData(1, true)]
    [InlineData(4096, true)]
    [InlineData(0, false)]
    [InlineData(4097, false)]
    public void Partitions_have_a_range(int partitions, bool isValid) =>
        Assert.Equal(isValid, Validate(new JournalOptions { Partitions = partitions }).Succeeded);

    [Theory]
    [InlineData(4096, 4096, 16384, true)]
    [InlineData(4095, 4096, 16384, false)]
    [InlineData(4096, 4095, 16384, false)]
    [InlineData(4096, 4096, 16383, false)]
    public void Sizes_contain_each_other(int record, long pending, long tail, bool isValid) => Assert.Equal(
        isValid, Validate(new JournalOptions { MaxRecordBytes = record, MaxPendingBytes = pending, MaxTailBytes = tail }).Succeeded);

    [Fact]
    public void Every_wrong_setting_is_named()
    {
        var result = Validate(new JournalOptions { AppendTimeout = TimeSpan.Zero, ReopenDelay = TimeSpan.FromDays(2), MaxConcurrentCheckpoints = 0 });
        Assert.Equal(3, result.Failures?.Count());
    }

    private static Microsoft.Extensions.Options.ValidateOptionsResult Validate(JournalOptions options) => new JournalOptionsValidation().Validate(null, options);
}
