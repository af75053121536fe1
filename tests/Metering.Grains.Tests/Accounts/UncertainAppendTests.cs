using System.Collections;
using Metering.Contracts;
using Metering.Grains.Tests.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Laws 8 and 9: after an append without a certain outcome nobody is served from memory; the next activation reads the truth.</summary>
public sealed class UncertainAppendTests
{
    private const int Callers = 50;

    private readonly World _world = new();

    [BoundedFact]
    public Task Charges_whose_append_landed_though_it_failed_are_replayed_on_retry() => Settles_exactly_once_after(AppendFate.LandedButFailed, replays: 1);

    [BoundedFact]
    public Task Charges_whose_append_did_not_land_are_made_on_retry() => Settles_exactly_once_after(AppendFate.Dropped, replays: 0);

    [BoundedFact]
    public Task Charges_whose_append_another_owner_refused_are_made_on_retry() => Settles_exactly_once_after(AppendFate.Conflict, replays: 0);

    [BoundedFact]
    public Task Charges_whose_append_timed_out_are_made_on_retry() => Settles_exactly_once_after(fate: null, replays: 0);

    [BoundedFact]
    public async Task An_append_that_lands_after_it_was_given_up_is_either_read_by_the_next_owner_or_refused()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        _world.Journal.Holds = true;
        var charge = acme.Charge(Requests.Calls("c", 1m));
        var held = await _world.Journal.NextHeldAsync();
        await _world.Clock.UntilSetAsync(TimeSpan.FromSeconds(10));
        _world.Clock.Advance(TimeSpan.FromSeconds(10));
        await charge.Refused(Code.Unavailable);

        _world.Journal.Holds = false;
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False((await acme.Charge(Requests.Calls("c", 1m)).Granted()).Replayed);
        held.Let();
        Assert.Equal(9m, (await acme.Get().Granted()).Balance);
        Assert.Equal(8m, (await acme.Charge(Requests.Calls("d", 1m)).Granted()).Balance);
    }

    [BoundedFact]
    public async Task While_the_store_is_down_everybody_hears_unavailable_at_once_and_is_served_by_itself_when_it_is_back()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        _world.Journal.IsDown = true;
        Assert.Equal(TimeSpan.FromSeconds(1), (await acme.Charge(Requests.Calls("c", 1m)).Refused(Code.Unavailable)).RetryAfter);
        for (var tries = 0; tries < 5; tries++)
        {
            var refusals = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m)).Refused(Code.Unavailable)));
            Assert.All(refusals, refusal => Assert.InRange(refusal.RetryAfter!.Value, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1)));
            _world.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        // An account that nobody has in memory hears the same.
        var globex = cluster.Account("globex");
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => globex.Charge(Requests.Calls($"c{i}", 1m)).Refused(Code.Unavailable)));

        _world.Journal.IsDown = false;
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(9m, (await acme.Charge(Requests.Calls("c", 1m)).Granted()).Balance);
        await globex.Get().Refused(Code.AccountNotFound);
    }

    [BoundedFact]
    public async Task A_watcher_does_not_keep_an_account_that_gave_up_from_being_served_again()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        _world.Journal.Holds = true;
        var charge = acme.Charge(Requests.Calls("c", 1m));
        var held = await _world.Journal.NextHeldAsync();
        var watching = acme.Watch(3, TimeSpan.FromSeconds(10));
        await cluster.TurnsTakenAsync("acme");
        _world.Journal.Holds = false;
        held.Let(AppendFate.Dropped);
        await charge.Refused(Code.Unavailable);
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(9m, (await acme.Charge(Requests.Calls("c", 1m)).Granted()).Balance);
        await watching;
    }

    [BoundedFact]
    public async Task A_partition_lost_in_the_middle_of_a_turn_makes_the_caller_hear_unavailable_and_the_retry_settles()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        var loses = Requests.Calls("c", 1m) with { Lines = new LinesThatTell(Requests.Calls("c", 1m).Lines[0], () => cluster.Journal.ReleaseAsync(0, CancellationToken.None)) };
        await acme.Charge(loses).Refused(Code.Unavailable);
        Assert.Equal(9m, (await acme.Charge(Requests.Calls("c", 1m)).Granted()).Balance);
        loses = loses with { Id = "e", Lines = new LinesThatTell(Requests.Calls("e", 1m).Lines[0], () => cluster.Journal.ReleaseAsync(0, CancellationToken.None)) };
        Assert.All(await acme.ChargeMany([Requests.Calls("d", 1m), loses]), answer => answer.Refused(Code.Unavailable));
        Assert.All(await acme.ChargeMany([Requests.Calls("d", 1m), Requests.Calls("e", 1m)]), answer => answer.Granted());
        var view = await acme.Get().Granted();
        Assert.Equal((7m, 5L), (view.Balance, view.Sequence));
    }

    private async Task Settles_exactly_once_after(AppendFate? fate, int replays)
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 100m);
        _world.Journal.Holds = true;
        var first = acme.Charge(Requests.Calls("c0", 1m));
        var held = await _world.Journal.NextHeldAsync();
        Task<Answer<ChargeReply>>[] charges = [first, .. Enumerable.Range(1, Callers - 1).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m)))];
        await cluster.TurnsTakenAsync("acme");
        _world.Journal.Holds = false;
        if (fate is { } certain)
        {
            held.Let(certain);
        }
        else
        {
            await _world.Clock.UntilSetAsync(TimeSpan.FromSeconds(10));
            _world.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        var refusals = await Task.WhenAll(charges.Select(charge => charge.Refused(Code.Unavailable)));

        // Another owner is asked soon; this silo leaves the log alone for a while.
        var wait = fate == AppendFate.Conflict ? TimeSpan.FromMilliseconds(50) : TimeSpan.FromSeconds(1);
        Assert.All(refusals, refusal => Assert.Equal(wait, refusal.RetryAfter));

        // While the log is left alone everybody is told so at once.
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m)).Refused(Code.Unavailable)));
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        var retries = await Task.WhenAll(Enumerable.Range(0, Callers).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m)).Granted()));

        // The first charge was alone in the record in doubt: the others came while it was on its way.
        Assert.Equal(replays, retries.Count(retry => retry.Replayed));
        Assert.Equal(Enumerable.Range(3, Callers).Select(i => (long)i), retries.Select(retry => retry.Sequence).Order());
        Assert.Equal(Enumerable.Range(1, Callers).Select(i => 100m - i), retries.OrderBy(retry => retry.Sequence).Select(retry => retry.Balance));
        var view = await acme.Get().Granted();
        Assert.Equal((50m, 52L), (view.Balance, view.Sequence));
    }

    /// <summary>A request is not copied on its way within a silo: the first look at its lines is the account's, when it decides.</summary>
    private sealed class LinesThatTell(ChargeLine line, Func<Task> firstLook) : IReadOnlyList<ChargeLine>
    {
        private Func<Task>? _firstLook = firstLook;

        public int Count => 1;

        public ChargeLine this[int index]
        {
            get
            {
                _ = Interlocked.Exchange(ref _firstLook, null)?.Invoke();
                return line;
            }
        }

        public IEnumerator<ChargeLine> GetEnumerator()
        {
            yield return this[0];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
