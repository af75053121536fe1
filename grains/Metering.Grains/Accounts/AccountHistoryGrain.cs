using Metering.Contracts;
using Metering.Core.Accounts;
using Metering.Core.Entries;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Metering.Grains.Accounts;

/// <summary>Brings an account to where it was. It lives where the account does, whose journal it reads; one answer at a time.</summary>
/// <remarks>
/// <para>Exact, or refused. Entries carry outcomes, so applying them again needs no card and no clock (law 7); each must follow the one before, and must find the balance it says it left. So
/// an entry that is missing, in the middle or at the end, is noticed.</para>
/// <para>It begins with the latest state that was kept before that point (<see cref="IStateArchive"/>), having compared it with the entry it was kept after; one that is damaged, or was written by a later
/// version, or is not of this history is passed over for the one before it.</para>
/// <para>The account is asked first: it records what fell due until now, and answers when all before is durable. Then the journal is read and after it the archive, so that what is archived
/// in between is in both. So the entries through the sequence it named are there, and whatever is missing of them is missing for good.</para>
/// </remarks>
[AccountPlacement]
public sealed class AccountHistoryGrain(Journal.Journal journal, IPartitionOwnership ownership, IServiceProvider services, TimeProvider time, IOptions<AccountOptions> options)
    : OwnedGrain(ownership), IAccountHistoryGrain
{
    /// <summary>States that cannot be relied on, before it is begun with the first entry.</summary>
    private const int MaxStatesPassedOver = 3;

    private static readonly TimeSpan StoreRetryDelay = TimeSpan.FromSeconds(1);

    protected override int Partition => journal.PartitionOf(Id);

    private string Id => this.GetPrimaryKeyString();

    public async Task<Answer<AccountView>> GetAt(DateTimeOffset at)
    {
        if (at > time.GetUtcNow())
        {
            return Refuse(Code.InFuture, "That instant has not come yet.");
        }

        var current = await GrainFactory.GetGrain<IAccountGrain>(Id).Get();
        if (current.Reply is not { } now)
        {
            return current;
        }

        return at < now.CreatedAt
            ? Refuse(Code.AccountNotFound, $"There was no account {Id} at that time.")
            : await BringAsync(new Past(now.Sequence, at), now);
    }

    public async Task<Answer<AccountView>> GetAfter(long sequence)
    {
        var current = await GrainFactory.GetGrain<IAccountGrain>(Id).Get();
        if (current.Reply is not { } now)
        {
            return current;
        }

        if (sequence > now.Sequence)
        {
            return Refuse(Code.InFuture, $"The account's last entry is {now.Sequence}.");
        }

        return sequence == now.Sequence ? now : await BringAsync(new Past(sequence, At: null), now);
    }

    private async Task<Answer<AccountView>> BringAsync(Past past, AccountView now)
    {
        try
        {
            var unarchived = Decoded(await journal.ReadUnarchivedAsync(Id, CancellationToken.None));
            return await BringAsync(new StoredEntries(services.GetService<IEntryArchive>(), Id, journal.PartitionOf(Id), unarchived), past, now);
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
        catch (Exception damage) when (IsDamage(damage))
        {
            // Law 10: what does not add up is not told. The account itself is another matter, and goes on.
            return Refuse(Code.TooOld, $"The account's entries are not all to be had: {damage.Message}");
        }
    }

    /// <summary>From the latest state there is that can be relied on.</summary>
    private async Task<Answer<AccountView>> BringAsync(StoredEntries entries, Past past, AccountView now)
    {
        if (services.GetService<IStateArchive>() is { } states)
        {
            var passedOver = 0;
            await foreach (var state in states.ReadAsync(Id, journal.PartitionOf(Id), past.Sequence, past.At ?? DateTimeOffset.MaxValue, CancellationToken.None))
            {
                if (await TryBringAsync(state, entries, past, now) is { } answer)
                {
                    return answer;
                }

                if (++passedOver == MaxStatesPassedOver)
                {
                    break;
                }
            }
        }

        return await BringAsync(Account.Past(Id, options.Value.Limits), entries, past, now);
    }

    /// <returns>Null when the state cannot be relied on: then the one before it may.</returns>
    private async Task<Answer<AccountView>?> TryBringAsync(KeptState state, StoredEntries entries, Past past, AccountView now)
    {
        try
        {
            var account = Account.ReadPast(Id, state.Bytes.Span, options.Value.Limits);
            if (account.Sequence != state.Sequence || !await IsOfAsync(account, entries))
            {
                return null;
            }

            return await BringAsync(account, entries, past, now);
        }
        catch (DetailNotKeptException rolledUp)
        {
            return Refuse(Code.DetailNotKept, rolledUp.Message);
        }
        catch (Exception damage) when (IsDamage(damage))
        {
            return null;
        }
    }

    /// <summary>
    /// Whether a state is one after the entry that the ledger has under its number. One of a journal that was put back to an earlier moment is not: the account has gone on another way since. Where the entry is not there, what
    /// follows it cannot be told either, and it is left to that to say so.
    /// </summary>
    private static async Task<bool> IsOfAsync(Account account, StoredEntries entries)
    {
        await foreach (var entry in entries.ReadAsync(new EntryRange { After = account.Sequence - 1, Through = account.Sequence, From = account.LastAt }, CancellationToken.None))
        {
            return entry.At == account.LastAt && entry.Balance == account.Balance && entry.Available == account.Available;
        }

        return false;
    }

    private async Task<Answer<AccountView>> BringAsync(Account account, StoredEntries entries, Past past, AccountView now)
    {
        var refusal = await ApplyAsync(account, entries, past) ?? await CheckEndAsync(account, entries, past, now.Sequence);
        return refusal is not null ? refusal : View(account, past, now.Durability);
    }

    private static AccountView View(Account account, Past past, Durability durability)
    {
        // What had fallen due by then, but was recorded by a later entry or is not yet.
        while (past.At is { } at && account.DecideDue(at) is { } due)
        {
            account.Apply(due);
        }

        return AccountMapping.View(account, past.At ?? account.LastAt, durability);
    }

    private async Task<Refusal?> ApplyAsync(Account account, StoredEntries entries, Past past)
    {
        var most = account.Sequence + options.Value.MaxPastEntries;
        if (past.At is null && past.Sequence > most)
        {
            return TooMany();
        }

        var range = new EntryRange { After = account.Sequence, Through = past.Sequence, From = account.LastAt, Before = past.Before };
        await foreach (var entry in entries.ReadAsync(range, CancellationToken.None))
        {
            if (entry.Sequence != account.Sequence + 1)
            {
                return Gone(account.Sequence + 1, entries);
            }

            if (entry.Sequence > most)
            {
                return TooMany();
            }

            account.Apply(entry);
            if (account.Balance != entry.Balance || account.Available != entry.Available)
            {
                throw new FormatException($"entry {entry.Sequence} says another balance than its account has after it.");
            }
        }

        return null;
    }

    /// <summary>The last entry that was applied is the last there was then: the one after it is there, and is later, or there is none.</summary>
    private async Task<Refusal?> CheckEndAsync(Account account, StoredEntries entries, Past past, long last)
    {
        if (account.Sequence == past.Sequence || account.Sequence == last)
        {
            return null;
        }

        var next = account.Sequence + 1;
        if (past.At is not null)
        {
            await foreach (var _ in entries.ReadAsync(new EntryRange { After = account.Sequence, Through = next, From = account.LastAt }, CancellationToken.None))
            {
                return null;
            }
        }

        return Gone(next, entries);
    }

    /// <summary>What the ledger, and entries that do not fit an account, throw.</summary>
    private static bool IsDamage(Exception failure) => failure is FormatException or InvalidOperationException or OverflowException;

    internal static List<Entry> Decoded(IReadOnlyList<ReadOnlyMemory<byte>> chunks)
    {
        var entries = new List<Entry>();
        foreach (var chunk in chunks)
        {
            var rest = chunk.Span;
            while (!rest.IsEmpty)
            {
                entries.Add(Entry.Decode(EntryFrame.Next(ref rest)));
            }
        }

        return entries;
    }

    private Refusal TooMany() => Refuse(
        Code.OutOfRange,
        $"It takes more than {options.Value.MaxPastEntries:N0} entries to get there from what the ledger keeps of the account before: that is all that are applied for one answer.");

    private Refusal Gone(long sequence, StoredEntries entries)
    {
        var gone = services.GetService<IEntryArchive>() is null
            ? $"This server keeps no ledger, and entry {sequence} of the account is not in its journal any more."
            : $"Entry {sequence} of the account is not in the ledger.";
        return Refuse(Code.TooOld, entries.Damaged.Count == 0 ? gone : $"{gone} Damaged: {string.Join(", ", entries.Damaged)}.");
    }

    private Refusal Refuse(Code code, string detail) => new() { Code = code, Detail = detail, Account = Id };

    /// <param name="Sequence">The last entry there may be.</param>
    /// <param name="At">And the last instant, when it is one that was asked for.</param>
    private readonly record struct Past(long Sequence, DateTimeOffset? At)
    {
        internal DateTimeOffset Before => At is { } at && at < DateTimeOffset.MaxValue ? at.AddTicks(1) : DateTimeOffset.MaxValue;
    }
}
