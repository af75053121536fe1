using Metering.Contracts;
using Metering.Core.Accounts;
using Metering.Core.Entries;
using Metering.Core.Pricing;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Metering.Grains.Accounts;

/// <summary>Prices an account's stored usage again. It lives where the account does, whose journal it reads; one answer at a time, and a page of entries in memory.</summary>
/// <remarks>
/// <para>Exact, or refused. It begins where the first period begins that counts usage of the range (and where that of the range's beginning does), so that the counters of tiers stand as the
/// account's did; and every entry from there on must be there, one after another.</para>
/// <para>The account is asked first, then the journal is read and after it the archive: as where an account is brought back (<see cref="AccountHistoryGrain"/>), and for the same reason.</para>
/// </remarks>
[AccountPlacement]
public sealed class SimulationGrain(Journal.Journal journal, IPartitionOwnership ownership, IServiceProvider services, IOptions<AccountOptions> options)
    : OwnedGrain(ownership), ISimulationGrain
{
    /// <summary>Charges that were given back, of which it is remembered what they would have cost.</summary>
    private const int MaxReversed = 50_000;

    /// <summary>Below the time that callers wait, so that they hear why there is no answer.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(50);

    private static readonly TimeSpan StoreRetryDelay = TimeSpan.FromSeconds(1);

    protected override int Partition => journal.PartitionOf(Id);

    private string Id => this.GetPrimaryKeyString();

    public async Task<Answer<SimulationReply>> Simulate(SimulationRequest request)
    {
        if (RateCardMapping.Build(request.Card, version: 0, DateTimeOffset.MinValue, request.Draft, out var faults) is not { } draft)
        {
            return Refusal.Invalid(faults);
        }

        if (services.GetService<IEntryArchive>() is not { } archive)
        {
            return Refuse(Code.Unavailable, "This server keeps no ledger.") with { IsLasting = true };
        }

        var current = await GrainFactory.GetGrain<IAccountGrain>(Id).Get();
        if (current.Reply is not { } account)
        {
            return current.Refusal!;
        }

        using var time = new CancellationTokenSource(MaxTime);
        try
        {
            var unarchived = AccountHistoryGrain.Decoded(await journal.ReadUnarchivedAsync(Id, time.Token));
            return await SimulateAsync(new StoredEntries(archive, Id, journal.PartitionOf(Id), unarchived), account, draft, request, time.Token);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested)
        {
            return Refuse(Code.Overloaded, $"It takes longer than {MaxTime.TotalSeconds} s. A shorter range is faster.") with { RetryAfter = StoreRetryDelay };
        }
        catch (JournalUnavailableException unavailable)
        {
            return Refuse(Code.Unavailable, unavailable.Message) with { RetryAfter = unavailable.RetryAfter };
        }
        catch (JournalArchiveException fault)
        {
            return Refuse(Code.Unavailable, fault.Message) with { RetryAfter = StoreRetryDelay };
        }
        catch (DetailNotKeptException rolledUp)
        {
            return Refuse(Code.DetailNotKept, rolledUp.Message);
        }
        catch (FormatException damage)
        {
            return Refuse(Code.TooOld, $"The account's entries are not all to be had: {damage.Message}");
        }
        catch (OverflowException)
        {
            return Refuse(Code.OutOfRange, "What it adds up to is out of range.");
        }
    }

    private async Task<Answer<SimulationReply>> SimulateAsync(
        StoredEntries entries, AccountView account, RateCardVersion draft, SimulationRequest request, CancellationToken cancellationToken)
    {
        var settings = AccountMapping.Settings(account.Settings);
        var begin = Begin(request.From, settings.Period.StartOf(request.From), await entries.FirstPeriodAsync(request.From, request.To, cancellationToken));
        var before = await entries.LastBeforeAsync(begin, cancellationToken);
        if (await entries.LastBeforeAsync(request.To, cancellationToken) - before is var count && count > options.Value.MaxSimulatedEntries)
        {
            return Refuse(
                Code.OutOfRange,
                $"It takes {count:N0} entries, from {begin:O} on, where the counters of the range begin; at most {options.Value.MaxSimulatedEntries:N0} are read. A shorter range, or another account, has fewer.");
        }

        var (reversed, changed) = (new List<long>(), (SettingsChanged?)null);
        await foreach (var entry in entries.ReadAsync(new EntryRange { From = begin, Kinds = [EntryKind.SettingsChanged, EntryKind.Reversed] }, cancellationToken))
        {
            changed ??= entry as SettingsChanged;
            if (entry is Reversed reversal && reversal.At < request.To)
            {
                reversed.Add(reversal.ChargedSequence);
            }

            if (reversed.Count > MaxReversed)
            {
                return Refuse(Code.OutOfRange, $"There are more than {MaxReversed:N0} reversals. A shorter range has fewer.");
            }
        }

        // The settings of today were those of then, unless an entry says otherwise.
        if (changed is { Sequence: > 1 })
        {
            if (await SettingsBeforeAsync(entries, begin, cancellationToken) is not { } then)
            {
                return Gone("the account's settings of that time", entries);
            }

            settings = then;
        }

        return await PriceAsync(entries, new Repricing(draft, request.From, settings.Discount, reversed), before, begin, request.To, account.Sequence, cancellationToken);
    }

    private async Task<Answer<SimulationReply>> PriceAsync(
        StoredEntries entries, Repricing repricing, long sequence, DateTimeOffset begin, DateTimeOffset to, long last, CancellationToken cancellationToken)
    {
        var read = 0L;
        await foreach (var entry in entries.ReadAsync(new EntryRange { After = sequence, From = begin, Before = to }, cancellationToken))
        {
            if (entry.Sequence != ++sequence)
            {
                return Gone($"entry {sequence}", entries);
            }

            read++;
            if (!repricing.TryTake(entry))
            {
                return Refuse(Code.OutOfRange, $"The draft prices entry {entry.Sequence} of the account out of range, or there are more than {Repricing.MaxMeters:N0} meters.");
            }
        }

        // The last that was read is the last there is in the range: the one after it is there, and is later, or there is none yet.
        if (sequence < last && await NextAsync(entries, sequence, to, cancellationToken) != sequence + 1)
        {
            return Gone($"entry {sequence + 1}", entries);
        }

        return new SimulationReply
        {
            Meters = [.. repricing.Meters.Select(static meter => new SimulatedMeter(meter.Meter, meter.Quantity, meter.Unpriced, meter.Credits, meter.Simulated))],
            Lines = repricing.Lines,
            Entries = read,
        };
    }

    private static async Task<AccountSettings?> SettingsBeforeAsync(StoredEntries entries, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var last = (AccountSettings?)null;
        await foreach (var entry in entries.ReadAsync(new EntryRange { Before = before, Kinds = [EntryKind.SettingsChanged] }, cancellationToken))
        {
            last = ((SettingsChanged)entry).Settings;
        }

        return last;
    }

    private static async Task<long?> NextAsync(StoredEntries entries, long sequence, DateTimeOffset from, CancellationToken cancellationToken)
    {
        await foreach (var entry in entries.ReadAsync(new EntryRange { After = sequence, From = from }, cancellationToken))
        {
            return entry.Sequence;
        }

        return null;
    }

    /// <summary>The first instant at which usage may have been charged that one of these periods counts: usage may be stamped ahead.</summary>
    private DateTimeOffset Begin(DateTimeOffset from, DateTimeOffset period, DateTimeOffset? firstPeriod)
    {
        var first = firstPeriod < period ? firstPeriod.Value : period;
        var ahead = options.Value.Limits.MaxAhead;
        var begin = first - DateTimeOffset.MinValue > ahead ? first - ahead : DateTimeOffset.MinValue;
        return begin < from ? begin : from;
    }

    private Refusal Gone(string what, StoredEntries entries) => Refuse(
        Code.TooOld, $"The ledger does not have {what}, which it takes.{(entries.Damaged.Count > 0 ? $" Damaged: {string.Join(", ", entries.Damaged)}." : "")}");

    private Refusal Refuse(Code code, string detail) => new() { Code = code, Detail = detail, Account = Id };
}
