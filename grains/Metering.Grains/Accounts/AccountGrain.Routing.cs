using System.Runtime.CompilerServices;
using Metering.Contracts;
using Metering.Core;
using Metering.Core.Pricing;
using Metering.Grains.Journal;

namespace Metering.Grains.Accounts;

/// <summary>Charges that the silo's router brings on its own thread, and what has to get from there to the activation's scheduler.</summary>
public sealed partial class AccountGrain
{
    /// <summary>The idle collector sees no calls of the router. It is told so often that the account is in use, and for how long to believe it.</summary>
    private static readonly TimeSpan KeepAliveEvery = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan KeepAliveFor = TimeSpan.FromMinutes(3);

    private TaskScheduler _scheduler = TaskScheduler.Default;
    private DateTimeOffset _usedUntil;
    private bool _isLeaving;

    /// <summary>Charges in one turn, in order, each on its own, on the caller's thread.</summary>
    /// <param name="charges">One or more of this account.</param>
    /// <param name="answers">As many; to be given once <paramref name="settled"/> has completed, and not when it fails (<see cref="FailureAsync"/>).</param>
    /// <param name="settled">When the answers may leave.</param>
    /// <returns>
    /// False when nothing was done: it must be called as every grain is, because it leaves, does not exist, or needs its card first; or the charges came too late.
    /// </returns>
    internal bool TryCharge(ReadOnlySpan<PreparedCharge> charges, Span<Answer<ChargeReply>> answers, out Task settled)
    {
        settled = Task.CompletedTask;
        lock (this)
        {
            var clock = _time.GetUtcNow();
            if (_isLeaving || _outOfService is not null || !_account.Exists || !TryCard(out var card) || AttemptTime.IsOver(clock))
            {
                return false;
            }

            settled = ChargeInTurn(charges, answers, card, clock);
            KeepAlive(clock);
            return true;
        }
    }

    /// <summary>As the account's own (<see cref="Core.Accounts.Account.FetchAhead"/>), and of the activation and its journal what the turn reads before and after.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal int FetchAhead(string id) => (_account?.FetchAhead(id) ?? 0) ^ (_log?.FetchAhead() ?? 0) ^ (_isLeaving ? 1 : 0);

    /// <summary>Under the turn lock.</summary>
    /// <returns>When the answers may leave.</returns>
    private Task ChargeInTurn(ReadOnlySpan<PreparedCharge> charges, Span<Answer<ChargeReply>> answers, RateCard? card, DateTimeOffset clock)
    {
        try
        {
            var before = _log?.LastSequence;
            if (Begin(clock, out var now) is { } refusal)
            {
                answers.Fill(refusal);
                return Task.CompletedTask;
            }

            // They share appends: they came together, and nobody sees the account before the turn is over.
            EntryFrame.Begin();
            for (var i = 0; i < charges.Length; i++)
            {
                answers[i] = _log!.HasRoom ? Charge(charges[i], now, card) : Overloaded();
            }

            Append();
            WakeWhenDue();
            return SettledSince(before);
        }
        catch (JournalLostException)
        {
            GiveUp();
            answers.Fill(Unavailable());
            return Task.CompletedTask;
        }
        catch (Exception)
        {
            GiveUp();
            throw;
        }
    }

    /// <summary>What it makes is left for <see cref="Append"/>.</summary>
    private Answer<ChargeReply> Charge(in PreparedCharge prepared, DateTimeOffset now, RateCard? card)
    {
        var charge = prepared.Charge;
        var decision = _account.DecideCharge(charge, now, card);
        if (decision.Outcome != Outcome.Done)
        {
            return Refuse(decision.Outcome, SubjectOf(decision.Outcome, charge.Id, charge.Lines[decision.Why.Line].Meter), decision.Why);
        }

        if (!decision.Replayed)
        {
            Gather(decision.Charged!, decision.Crossings);
        }

        return AccountMapping.Reply(decision.Charged!, decision.Replayed, prepared.Explain);
    }

    /// <summary>From the end of the activation to the beginning of its deactivation the router may charge it.</summary>
    private void OpenToRouter()
    {
        _scheduler = TaskScheduler.Current;
        if (_outOfService is null)
        {
            _services.LocalAccounts.Add(Id, this);
        }
    }

    private void CloseToRouter()
    {
        _services.LocalAccounts.Remove(Id, this);
        lock (this)
        {
            _isLeaving = true;
        }
    }

    private void KeepAlive(DateTimeOffset clock)
    {
        if (_usedUntil - clock <= KeepAliveFor - KeepAliveEvery)
        {
            _usedUntil = clock + KeepAliveFor;
            Stay();
        }
    }

    /// <summary>Whether this thread runs the activation's own work.</summary>
    private bool IsAtHome => TaskScheduler.Current == _scheduler;

    /// <summary>As <see cref="Checkpoint"/>, for who is in this silo: without a message, which takes longer than most snapshots.</summary>
    internal Task CheckpointHere() => Task.Factory.StartNew(Checkpoint, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler).Unwrap();

    /// <summary>Does something on the activation's scheduler, where timers may be set and awaits come back to.</summary>
    private void Post(Action action) => _ = Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
}
