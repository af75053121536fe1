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
/// <para>The account is asked first: it records what fell due until now, and answers when all before is durable. Then the journal is read and after it the archive, so that what is archived
/// in between is in both. So the entries through the sequence it named are there, and whatever is missing of them is missing for good.</para>
/// </remarks>
[AccountPlacement]
public sealed class AccountHistoryGrain(Journal.Journal journal, IServiceProvider services, TimeProvider time, IOptions<AccountOptions> options)
    : Grain, IAccountHistoryGrain
{
    private static readonly TimeSpan StoreRetryDelay = TimeSpan.FromSeconds(1);

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
            var account = new Account(Id, options.Value.Limits);
            var refusal = await ApplyArchivedAsync(account, past) ?? Apply(account, unarchived, past) ?? await CheckEndAsync(account, unarchived, past, now.Sequence);
            return refusal is not null ? refusal : View(account, past, now.Durability);
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
        catch (Exception damage) when (damage is FormatException or InvalidOperationException or OverflowException)
        {
            // Law 10: what does not add up is not told. The account itself is another matter, and goes on.
            return Refuse(Code.TooOld, $"The account's entries are not all to be had: {damage.Message}");
        }
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

    private async Task<Refusal?> ApplyArchivedAsync(Account account, Past past)
    {
        if (services.GetService<IEntryArchive>() is not { } archive)
        {
            return null;
        }

        while (true)
        {
            var page = await archive.ReadAsync(Id, journal.PartitionOf(Id), new EntryRange { After = account.Sequence, Before = past.Before }, CancellationToken.None);
            if (Apply(account, page.Entries, past) is { } refusal)
            {
                return page.Damaged.Count == 0 ? refusal : refusal with { Detail = $"{refusal.Detail} Damaged: {string.Join(", ", page.Damaged)}." };
            }

            if (!page.More || account.Sequence >= past.Sequence)
            {
                return null;
            }
        }
    }

    /// <summary>Applies the entries that belong to the past; those the account is behind already are passed over.</summary>
    private Refusal? Apply(Account account, IEnumerable<Entry> entries, Past past)
    {
        foreach (var entry in entries.Where(entry => entry.Sequence > account.Sequence && past.Includes(entry)))
        {
            if (Apply(account, entry) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <summary>The last entry that was applied is the last there was then: the one after it is there, and is later, or there is none.</summary>
    private async Task<Refusal?> CheckEndAsync(Account account, List<Entry> unarchived, Past past, long last)
    {
        if (account.Sequence == past.Sequence || account.Sequence == last)
        {
            return null;
        }

        var next = account.Sequence + 1;
        if (past.At is null || unarchived.Exists(entry => entry.Sequence == next))
        {
            return past.At is null ? Gone(next) : null;
        }

        var archive = services.GetService<IEntryArchive>();
        var page = archive is null ? null : await archive.ReadAsync(Id, journal.PartitionOf(Id), new EntryRange { After = account.Sequence }, CancellationToken.None);
        return page is { Entries: [var after, ..] } && after.Sequence == next ? null : Gone(next);
    }

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

    private Refusal? Apply(Account account, Entry entry)
    {
        if (entry.Sequence != account.Sequence + 1)
        {
            return Gone(account.Sequence + 1);
        }

        if (entry.Sequence > IAccountHistoryGrain.MaxEntries)
        {
            return Refuse(Code.OutOfRange, $"There are more than {IAccountHistoryGrain.MaxEntries:N0} entries before that.");
        }

        account.Apply(entry);
        return account.Balance == entry.Balance && account.Available == entry.Available
            ? null
            : throw new FormatException($"entry {entry.Sequence} says another balance than its account has after it.");
    }

    private Refusal Gone(long sequence) => Refuse(Code.TooOld, services.GetService<IEntryArchive>() is null
        ? $"This server keeps no ledger, and entry {sequence} of the account is not in its journal any more."
        : $"Entry {sequence} of the account is not in the ledger.");

    private Refusal Refuse(Code code, string detail) => new() { Code = code, Detail = detail, Account = Id };

    /// <param name="Sequence">The last entry there may be.</param>
    /// <param name="At">And the last instant, when it is one that was asked for.</param>
    private readonly record struct Past(long Sequence, DateTimeOffset? At)
    {
        internal DateTimeOffset Before => At is { } at && at < DateTimeOffset.MaxValue ? at.AddTicks(1) : DateTimeOffset.MaxValue;

        internal bool Includes(Entry entry) => entry.Sequence <= Sequence && (At is not { } at || entry.At <= at);
    }
}
