using Metering.Contracts;
using Metering.Core.Accounts;
using Metering.Core.Entries;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Metering.Grains.Routing;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Metering.Grains.Accounts;

/// <summary>
/// One account. A turn decides, applies and hands its entries to the partition's journal in one go, without awaiting in between; the answer
/// then waits for the commit that covers it.
/// </summary>
/// <remarks>
/// Reentrant, because while one turn's answer waits for its commit the next turn may run: that is what fills a record with many charges. It is
/// safe because a turn has no await between looking at the state and changing it, and holds the turn lock meanwhile (the activation itself, which nobody else
/// locks: a lock apart would be one object more for each of a million accounts): charges that the silo's router brings are decided on its thread (<see cref="ChargeRouter"/>). What needs the activation's own scheduler, timers and
/// snapshots, is posted there. Every answer, refusals and reads too, waits for
/// the account's last commit: what it saw may not be durable yet; and one that made no entries waits for the proof that the account is still this activation's,
/// where the store is shared. Once a commit fails, memory is not to be trusted any more: the activation
/// answers nothing but "unavailable" and leaves, and the next one reads the truth.
/// </remarks>
[Reentrant, AccountPlacement]
public sealed partial class AccountGrain : Grain, IAccountGrain, ICheckpointedAccount, IJournalOwner
{
    /// <summary>Entries of one turn that go into a record together for economy, not because they belong together: half of the smallest record there can be.</summary>
    private const int MaxGatheredBytes = 2 << 10;

    private readonly AccountServices _services;
    private readonly TimeProvider _time;
    private readonly AccountOptions _options;

    private Account _account = null!;
    private AccountJournal? _log;
    private Refusal? _outOfService;

    public AccountGrain(AccountServices services, TimeProvider time, IOptions<AccountOptions> options)
    {
        _services = services;
        _time = time;
        _options = options.Value;
    }

    /// <summary>Once the log is open, the one string of it that all share: the key is kept as bytes, and each look at it makes another.</summary>
    private string Id => _log?.Account ?? this.GetPrimaryKeyString();

    /// <summary>
    /// Runs one turn: what fell due first, then <paramref name="decide"/>, which applies what it decides with <c>Commit</c>. The answer
    /// is given once everything it depends on is durable.
    /// </summary>
    private Task<Answer<T>> Turn<T>(Func<DateTimeOffset, Answer<T>> decide)
        where T : class
    {
        if (AttemptTime.IsOver(_time.GetUtcNow()))
        {
            return Task.FromResult<Answer<T>>(TooLate());
        }

        Answer<T> answer;
        Task settled;
        lock (this)
        {
            try
            {
                var before = _log?.LastSequence;
                if (AttemptTime.IsOver(_time.GetUtcNow()))
                {
                    return Task.FromResult<Answer<T>>(TooLate());
                }

                if (Begin(_time.GetUtcNow(), out var now) is { } refusal)
                {
                    return Task.FromResult<Answer<T>>(refusal);
                }

                answer = decide(now);
                WakeWhenDue();
                settled = SettledSince(before);
            }
            catch (JournalLostException)
            {
                // The partition was lost since the turn began. What the turn applied goes with the activation.
                GiveUp();
                return Task.FromResult<Answer<T>>(Unavailable());
            }
            catch (Exception)
            {
                // A bug half-way through a turn leaves memory ahead of the journal: nobody may be served from it.
                GiveUp();
                throw;
            }
        }

        return settled.IsCompletedSuccessfully ? Task.FromResult(answer) : AfterCommit(answer, settled);
    }

    private async Task<Answer<T>> AfterCommit<T>(Answer<T> answer, Task settled)
        where T : class => await FailureAsync(settled) is { } refusal ? refusal : answer;

    /// <summary>Checks that this activation may decide, and applies what fell due; or says why not.</summary>
    private Refusal? Begin(DateTimeOffset clock, out DateTimeOffset now)
    {
        now = default;
        if (_outOfService is { } reason)
        {
            return reason;
        }

        if (_log is not { IsLost: false } log)
        {
            GiveUp();
            return Unavailable();
        }

        now = _account.Now(clock);
        while (log.HasRoom)
        {
            if (_account.DecideDue(now) is not { } due)
            {
                return null;
            }

            Commit(due);
        }

        return Overloaded();
    }

    /// <summary>Applies an entry and hands it to the journal. From here on answers wait for it.</summary>
    private void Commit(Entry entry) => Commit(entry, []);

    /// <summary>Applies entries that belong together; they go into one record, so that none is ever there without the others.</summary>
    private void Commit(Entry first, IReadOnlyList<Entry> more)
    {
        EntryFrame.Begin();
        Gather(first, more);
        Append();
    }

    /// <summary>
    /// Applies entries that belong together and leaves them for <see cref="Append"/>, in the same turn: until then the account is ahead of the journal, and nobody
    /// else may see it.
    /// </summary>
    private void Gather(Entry first, IReadOnlyList<Entry> more)
    {
        if (EntryFrame.GatheredWith(first, more) > MaxGatheredBytes)
        {
            Append();
        }

        Apply(first);
        EntryFrame.Add(first);
        for (var i = 0; i < more.Count; i++)
        {
            Apply(more[i]);
            EntryFrame.Add(more[i]);
        }
    }

    /// <summary>Hands what was gathered, if anything, to the journal in one piece.</summary>
    private void Append()
    {
        if (!EntryFrame.Gathered.IsEmpty)
        {
            _ = _log!.Append(_account.Sequence, EntryFrame.Gathered);
            EntryFrame.Begin();
            SnapshotWhenDue();
            KeepStateWhenDue();
        }
    }

    private void Apply(Entry entry)
    {
        var balance = _account.Balance;
        _account.Apply(entry);
        _watched?.Add(entry, entry.Balance - balance);
    }

    /// <summary>
    /// Completes when an answer of this turn may leave: its entries and all before them are durable, and it is shown that it was decided by the truth. That is
    /// the commit of its own entries or, when it made none, a look at the log that begins now: the account may long have another owner without
    /// this silo knowing.
    /// </summary>
    /// <param name="before">The log's last sequence when the turn began; null without a log, and then nothing was decided.</param>
    /// <exception cref="JournalLostException">The partition is lost already.</exception>
    private Task SettledSince(long? before)
    {
        if (_log is null || _services.JournalOptions.Durability == Durability.Periodic)
        {
            return Task.CompletedTask;
        }

        if (_log.LastSequence != before)
        {
            return _log.LastCommit;
        }

        var confirmed = _log.Confirm();
        var committed = _log.LastCommit;
        return committed.IsCompletedSuccessfully ? confirmed
            : confirmed.IsCompletedSuccessfully ? committed
            : Task.WhenAll(committed, confirmed);
    }

    /// <summary>Waits until answers may leave; a refusal when that cannot be known. For any thread.</summary>
    internal async ValueTask<Refusal?> FailureAsync(Task settled)
    {
        await settled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (settled.IsCompletedSuccessfully)
        {
            return null;
        }

        if (settled.Exception?.InnerExceptions is [JournalUnavailableException unavailable])
        {
            // Nothing was written, and memory is as good as it was: only this answer cannot be given.
            return Unavailable(unavailable.RetryAfter);
        }

        // The failed append may still have reached the store. Whether it did is for the next activation to read; the caller asks
        // again under the same id and gets the one true answer.
        GiveUp();
        return Unavailable();
    }

    private void GiveUp()
    {
        _outOfService ??= Unavailable();
        _watched?.End();
        Leave("It cannot vouch for what it has in memory.");
    }

    void IJournalOwner.JournalLost()
    {
        _watched?.End();
        Leave("The account's part of the journal is lost.");
    }

    /// <summary>As <c>DeactivateOnIdle</c>, but from any thread.</summary>
    private void Leave(string reason) => GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, reason));

    private Refusal Unavailable(TimeSpan? retryAfter = null) => new()
    {
        Code = Code.Unavailable,
        Detail = "The account cannot be served right now, and whether this request took effect is not known: send it again with the same id.",
        Account = Id,
        RetryAfter = retryAfter ?? _log?.RetryAfter ?? TimeSpan.FromSeconds(1),
    };

    /// <summary>Nobody waits for this answer any more; whoever asked has asked again, or soon will.</summary>
    private Refusal TooLate() => new()
    {
        Code = Code.Unavailable,
        Detail = "The request was on its way for too long and was not looked at: send it again with the same id.",
        Account = Id,
        RetryAfter = TimeSpan.Zero,
    };

    private Refusal Overloaded() => new()
    {
        Code = Code.Overloaded,
        Detail = "The journal of this account's partition has more waiting than it takes: send the request again after a pause.",
        Account = Id,
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    private Refusal NotFound() => new()
    {
        Code = Code.AccountNotFound,
        Detail = $"There is no account {Id}.",
        Account = Id,
    };

    /// <summary>Not found, and soon gone: activations of accounts that do not exist are not kept.</summary>
    private Refusal NotFoundAndLeave()
    {
        LeaveSoon(Lingering);
        return NotFound();
    }
}
