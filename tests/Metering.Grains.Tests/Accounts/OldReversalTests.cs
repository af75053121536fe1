using Metering.Contracts;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Charges that the account has forgotten are looked for while callers who are in a hurry ask again.</summary>
public sealed class OldReversalTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly World _world = new();

    [BoundedFact]
    public async Task A_search_that_takes_longer_than_an_attempt_is_found_by_the_next_one()
    {
        var archive = new SlowArchive();
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings =>
        {
            settings.EntryArchive = archive;
            settings.Accounts.Limits = settings.Accounts.Limits with { MaxIds = 1 };
        });
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.Charge(Requests.Calls("old", 2m)).Granted();
        await acme.Charge(Requests.Calls("new", 1m)).Granted();
        await acme.Charge(Requests.Calls("newer", 1m)).Granted();

        var reversal = new ReversalRequest { Id = "back", Charge = "old" };
        AttemptTime.Begin(_world.Clock.GetUtcNow(), TimeSpan.FromMilliseconds(500));
        var first = acme.Reverse(reversal);
        await archive.Asked;
        while (!first.IsCompleted)
        {
            // No faster than the wall's clock: calls wait for their answers by this one too.
            await Task.Delay(Tick, TestContext.Current.CancellationToken);
            _world.Clock.Advance(Tick);
        }

        Assert.Equal(Code.Unavailable, (await first).Refusal?.Code);
        AttemptTime.Begin(_world.Clock.GetUtcNow(), TimeSpan.FromSeconds(10));
        archive.Answer();
        Assert.Equal(2m, (await acme.Reverse(reversal).Granted()).Credits);
        Assert.Equal(1, archive.Searches);
    }

    /// <summary>An archive that has nothing, and takes its time to say so.</summary>
    private sealed class SlowArchive : IEntryArchive
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Asked => _asked.Task;

        internal int Searches { get; private set; }

        public Task<ArchivedEntries> ReadAsync(string account, int partition, EntryRange range, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<long> LastBeforeAsync(string account, int partition, DateTimeOffset before, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<DateTimeOffset?> FirstPeriodAsync(string account, int partition, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public async Task<ArchivedCharge> FindChargeAsync(string account, int partition, string charge, CancellationToken cancellationToken)
        {
            Searches++;
            _asked.TrySetResult();
            await _answer.Task;
            return new ArchivedCharge([], Through: 0, IsWhole: false, Damaged: []);
        }

        internal void Answer() => _answer.SetResult();
    }
}
