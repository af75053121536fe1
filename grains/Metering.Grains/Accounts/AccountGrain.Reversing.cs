using Metering.Contracts;
using Metering.Core;
using Metering.Core.Charges;
using Metering.Grains.Journal;

namespace Metering.Grains.Accounts;

/// <summary>Reversals, also of charges that the account has forgotten.</summary>
public sealed partial class AccountGrain
{
    /// <summary>How often evidence is gathered for one reversal: others that come meanwhile make it stale.</summary>
    private const int MaxEvidence = 5;

    /// <summary>Reversals of one account that look through its ledger at the same time.</summary>
    private const int MaxSearches = 4;

    /// <summary>What a caller is waiting for is worth so much of a turn of waiting, however late its clock says it is.</summary>
    private static readonly TimeSpan LeastPatience = TimeSpan.FromMilliseconds(50);

    /// <summary>After which one that is told to ask again does.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>By charge. One stays until somebody has taken what it found, or its place is needed.</summary>
    private readonly Dictionary<string, Task<(ChargeEvidence? Evidence, Refusal? Refusal)>> _searches = new(StringComparer.Ordinal);

    public async Task<Answer<ReversalReply>> Reverse(ReversalRequest reversal)
    {
        var evidence = (ChargeEvidence?)null;
        for (var gathered = 0; ; gathered++)
        {
            var needsEvidence = false;
            var answer = await Turn<ReversalReply>(now =>
            {
                var decision = _account.DecideReversal(AccountMapping.Reversal(reversal), now, evidence);
                needsEvidence = decision.NeedsEvidence;
                if (decision.Outcome != Outcome.Done)
                {
                    return Refuse(decision.Outcome, SubjectOf(decision.Outcome, reversal.Id, reversal.Charge));
                }

                if (!decision.Replayed)
                {
                    Commit(decision.Reversed!);
                }

                return AccountMapping.Reply(decision.Reversed!, decision.Replayed);
            });
            if (!needsEvidence || answer.Refusal is not { Code: Code.ChargeNotFound } || _services.EntryArchive is not { } archive)
            {
                return answer;
            }

            if (gathered == MaxEvidence || Search(archive, reversal.Charge) is not { } search)
            {
                return Refuse(Code.Overloaded, "The account gives back other old charges at the same time.") with { RetryAfter = TimeSpan.FromSeconds(1) };
            }

            if (!await IsDoneInTimeAsync(search))
            {
                return Refuse(Code.Unavailable, $"Charge {reversal.Charge} is being looked for in the ledger.") with { RetryAfter = AskAgain };
            }

            _searches.Remove(reversal.Charge);
            (evidence, var refusal) = await search;
            if (evidence is null)
            {
                return refusal ?? answer;
            }
        }
    }

    /// <summary>The search for a charge: one that is under way or done, or a new one. Null when there are too many.</summary>
    private Task<(ChargeEvidence? Evidence, Refusal? Refusal)>? Search(IEntryArchive archive, string charge)
    {
        if (_searches.TryGetValue(charge, out var search))
        {
            return search;
        }

        if (_searches.Count >= MaxSearches && _searches.FirstOrDefault(static known => known.Value.IsCompleted) is { Key: { } done })
        {
            _searches.Remove(done);
        }

        return _searches.Count < MaxSearches ? _searches[charge] = SearchAsync(archive, charge) : null;
    }

    /// <summary>
    /// A gateway sends a call again that is not answered soon, to find an account that has moved. It must not take a search for a silo that is gone: so it is told to ask again, and finds the same search.
    /// </summary>
    private async Task<bool> IsDoneInTimeAsync(Task search)
    {
        if (AttemptTime.Left(_time.GetUtcNow()) is not { } left)
        {
            return true;
        }

        using var patience = new CancellationTokenSource();
        var isDone = await Task.WhenAny(search, Task.Delay(left / 2 > LeastPatience ? left / 2 : LeastPatience, _time, patience.Token)) == search;
        await patience.CancelAsync();
        return isDone;
    }

    private async Task<(ChargeEvidence? Evidence, Refusal? Refusal)> SearchAsync(IEntryArchive archive, string charge)
    {
        try
        {
            return await GatherAsync(archive, charge);
        }
        catch (JournalUnavailableException unavailable)
        {
            return (null, Refuse(Code.Unavailable, unavailable.Message) with { RetryAfter = unavailable.RetryAfter });
        }
        catch (JournalArchiveException fault)
        {
            return (null, Refuse(Code.Unavailable, fault.Message) with { RetryAfter = TimeSpan.FromSeconds(1) });
        }
        catch (DetailNotKeptException rolledUp)
        {
            return (null, Refuse(Code.DetailNotKept, rolledUp.Message));
        }
        catch (FormatException gone)
        {
            // Law 10: without all that came after it nobody can say what was given back of it.
            return (null, Refuse(Code.TooOld, $"The account does not remember charge {charge}, and the ledger does not have all of it: {gone.Message}"));
        }
    }

    /// <summary>The journal first, the archive after: what is archived in between is then in both. What the account has decided by now is made durable before, and so is in one of them.</summary>
    private async Task<(ChargeEvidence? Evidence, Refusal? Refusal)> GatherAsync(IEntryArchive archive, string charge)
    {
        long through;
        Task committed;
        lock (this)
        {
            (through, committed) = (_account.Sequence, _log!.LastCommit);
        }

        if (!committed.IsCompleted)
        {
            // With periodic durability nobody else may be in a hurry. Whether it lands shows below.
            _ = _log!.Flush();
        }

        if (await FailureAsync(committed) is { } lost)
        {
            return (null, lost);
        }

        var unarchived = await _services.Journal.ReadUnarchivedAsync(Id, CancellationToken.None);
        var archived = await archive.FindChargeAsync(Id, _services.Journal.PartitionOf(Id), charge, CancellationToken.None);
        return (ForgottenCharge.Find(charge, archived, unarchived, through), null);
    }
}
