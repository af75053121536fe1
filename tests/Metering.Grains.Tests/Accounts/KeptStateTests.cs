using System.Collections.Concurrent;
using System.Threading.Channels;
using Metering.Contracts;
using Metering.Core.Accounts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Grains.Tests.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Which states of an account are kept for good, and that charging never waits for it.</summary>
public sealed class KeptStateTests
{
    private readonly World _world = new();
    private readonly States _states = new();

    [BoundedFact]
    public async Task Of_each_interval_the_first_state_is_kept_and_it_is_what_the_account_was()
    {
        await using var cluster = await StartAsync(interval: 5);
        var acme = await cluster.FundAsync("acme", 100m);
        for (var charge = 3; charge <= 16; charge++)
        {
            await acme.Charge(Requests.Calls($"c{charge}", 1m)).Granted();
            if (charge % 5 == 0)
            {
                var state = await _states.NextAsync();
                var past = Account.ReadPast("acme", state.Bytes.Span, new AccountLimits());
                Assert.Equal((charge, charge, 100m - (charge - 2)), (state.Sequence, past.Sequence, past.Balance.Value));
                Assert.Equal(past.LastAt, state.At);
            }
        }

        Assert.False(_states.HasMore);
    }

    [BoundedFact]
    public async Task One_whose_entries_may_come_to_nothing_is_not_kept()
    {
        await using var cluster = await StartAsync(interval: 5);
        var acme = await cluster.FundAsync("acme", 100m);
        _world.Journal.Holds = true;
        var charges = Enumerable.Range(0, 5).Select(i => acme.Charge(Requests.Calls($"lost{i}", 1m))).ToArray();
        var held = await _world.Journal.NextHeldAsync();
        await cluster.TurnsTakenAsync("acme");
        Assert.False(_states.HasMore);
        held.Let(AppendFate.Dropped);
        await Task.WhenAll(charges.Select(static charge => charge.Refused(Code.Unavailable)));
        _world.Journal.Holds = false;
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        for (var charge = 3; charge <= 5; charge++)
        {
            await acme.Charge(Requests.Calls($"c{charge}", 2m)).Granted();
        }

        var state = await _states.NextAsync();
        Assert.Equal((5, 94m), (state.Sequence, Account.ReadPast("acme", state.Bytes.Span, new AccountLimits()).Balance.Value));
        Assert.False(_states.HasMore);
    }

    [BoundedFact]
    public async Task While_none_can_be_kept_charging_goes_on_and_later_one_is_kept_in_its_place()
    {
        await using var cluster = await StartAsync(interval: 200);
        var acme = await cluster.FundAsync("acme", 1_000m);
        _states.Refused = 2;
        var charge = 3;
        while (_states.Refused > 0 || !_states.HasMore)
        {
            await acme.Charge(Requests.Calls($"c{charge++}", 1m)).Granted();
        }

        var state = await _states.NextAsync();
        Assert.InRange(state.Sequence, 200 + (2 * 200 / 100), charge);
        Assert.Equal(1_000m - (state.Sequence - 2), Account.ReadPast("acme", state.Bytes.Span, new AccountLimits()).Balance.Value);
    }

    [BoundedFact]
    public async Task One_that_was_due_when_the_account_was_lost_is_kept_when_it_is_back()
    {
        await using (var first = await AccountCluster.StartPricedAsync(_world))
        {
            var lost = await first.FundAsync("acme", 100m);
            for (var charge = 3; charge <= 7; charge++)
            {
                await lost.Charge(Requests.Calls($"c{charge}", 1m)).Granted();
            }

            first.Crash();
        }

        await using var cluster = await StartAsync(interval: 5);
        await cluster.Account("acme").Charge(Requests.Calls("c8", 1m)).Granted();
        Assert.Equal(8, (await _states.NextAsync()).Sequence);
    }

    [BoundedFact]
    public async Task From_a_state_on_an_account_reads_as_it_was_though_the_entries_before_it_are_rolled_up()
    {
        var rolledUp = new RolledUpEntries(through: 4);
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings =>
        {
            settings.Accounts.KeptStateInterval = 5;
            settings.StateArchive = _states;
            settings.EntryArchive = rolledUp;
        });
        var acme = await cluster.FundAsync("acme", 100m);
        var told = new List<AccountView>();
        for (var charge = 3; charge <= 9; charge++)
        {
            _world.Clock.Advance(TimeSpan.FromSeconds(1));
            await acme.Charge(Requests.Calls($"c{charge}", 1m)).Granted();
            told.Add(await acme.Get().Granted());
        }

        _ = await _states.NextAsync();
        var history = cluster.Grains.GetGrain<IAccountHistoryGrain>("acme");
        foreach (var then in told)
        {
            if (then.Sequence < 5)
            {
                await history.GetAfter(then.Sequence).Refused(Code.DetailNotKept);
            }
            else
            {
                Assert.Equal((then.Sequence, then.Balance), Read(await history.GetAfter(then.Sequence).Granted()));
            }
        }

        Assert.Equal((9, 93m), Read(await history.GetAt(_world.Clock.GetUtcNow()).Granted()));
        Assert.Equal((6, 96m), Read(await history.GetAt(_world.Clock.GetUtcNow() - TimeSpan.FromSeconds(3)).Granted()));
        await history.GetAt(_world.Clock.GetUtcNow() - TimeSpan.FromSeconds(5)).Refused(Code.DetailNotKept);

        static (long Sequence, decimal Balance) Read(AccountView view) => (view.Sequence, view.Balance);
    }

    private Task<AccountCluster> StartAsync(long interval) => AccountCluster.StartPricedAsync(_world, settings =>
    {
        settings.Accounts.KeptStateInterval = interval;
        settings.StateArchive = _states;
    });

    /// <summary>An archive that hands on what it is given, unless it is told to refuse.</summary>
    private sealed class States : IStateArchive
    {
        private readonly Channel<KeptState> _kept = Channel.CreateUnbounded<KeptState>();
        private readonly ConcurrentStack<KeptState> _all = [];
        private int _refused;

        /// <summary>So many more are refused.</summary>
        internal int Refused
        {
            get => Volatile.Read(ref _refused);
            set => Volatile.Write(ref _refused, value);
        }

        internal bool HasMore => _kept.Reader.TryPeek(out _);

        internal ValueTask<KeptState> NextAsync() => _kept.Reader.ReadAsync(TestContext.Current.CancellationToken);

        public Task<bool> TryKeepAsync(string account, int partition, KeptState state)
        {
            if (Refused > 0)
            {
                Refused--;
                return Task.FromResult(false);
            }

            _all.Push(state);
            return Task.FromResult(_kept.Writer.TryWrite(state));
        }

        public IAsyncEnumerable<KeptState> ReadAsync(string account, int partition, long sequence, DateTimeOffset at, CancellationToken cancellationToken) =>
            _all.Where(state => state.Sequence <= sequence && state.At <= at).ToAsyncEnumerable();
    }

    /// <summary>An archive that has sums in place of the first entries; all others are in the journal.</summary>
    private sealed class RolledUpEntries(long through) : IEntryArchive
    {
        public Task<ArchivedEntries> ReadAsync(string account, int partition, EntryRange range, CancellationToken cancellationToken) =>
            range.After < through ? throw new DetailNotKeptException("Only sums are kept of them.") : Task.FromResult(new ArchivedEntries([], More: false, []));

        public Task<long> LastBeforeAsync(string account, int partition, DateTimeOffset before, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<DateTimeOffset?> FirstPeriodAsync(string account, int partition, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<ArchivedCharge> FindChargeAsync(string account, int partition, string charge, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
