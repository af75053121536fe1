using Metering.Core.Entries;
using Metering.Grains.Journal;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Silo.Ledger;

/// <summary>Entries back from the ledger's rows.</summary>
internal sealed class EntryArchive(LedgerReader reader) : IEntryArchive
{
    private const int MaxRows = 20_000;

    public Task<ArchivedEntries> ReadAsync(string account, int partition, EntryRange range, CancellationToken cancellationToken) => Guard(async () =>
    {
        var query = new LedgerQuery
        {
            Account = account,
            Partition = partition,
            After = range.After,
            Through = range.Through,
            From = range.From,
            To = range.Before,
            Kinds = range.Kinds,
            MaxRows = MaxRows,
        };
        var page = await reader.ReadAsync(query, cancellationToken);
        return new ArchivedEntries(Entries(page.Rows), page.More, page.Damaged);
    });

    public Task<long> LastBeforeAsync(string account, int partition, DateTimeOffset before, CancellationToken cancellationToken) => Guard(async () =>
        (await reader.ReadLastAsync(new LedgerQuery { Account = account, Partition = partition, MaxRows = MaxRows }, before, cancellationToken))?.Sequence ?? 0);

    public Task<DateTimeOffset?> FirstPeriodAsync(string account, int partition, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken) => Guard(() =>
        reader.ReadFirstPeriodAsync(new LedgerQuery { Account = account, Partition = partition, From = from, To = before, MaxRows = MaxRows }, cancellationToken));

    public Task<ArchivedCharge> FindChargeAsync(string account, int partition, string charge, CancellationToken cancellationToken) => Guard(async () =>
    {
        var found = await reader.FindChargeAsync(account, partition, charge, cancellationToken);
        return new ArchivedCharge(Entries(found.Rows), found.Through, found.IsWhole, found.Damaged) { IsRolledUp = found.IsRolledUp };
    });

    private static async Task<T> Guard<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (LedgerStoreException fault)
        {
            throw new JournalArchiveException(fault.Message, fault);
        }
        catch (RolledUpException rolledUp)
        {
            throw new DetailNotKeptException(rolledUp.Message);
        }
    }

    private static List<Entry> Entries(IReadOnlyList<LedgerRow> rows)
    {
        var entries = new List<Entry>(rows.Count);
        var entry = new List<LedgerRow>();
        foreach (var row in rows)
        {
            if (row.Lines is not null)
            {
                throw new DetailNotKeptException($"Of entries {row.FirstSequence} to {row.Sequence} of account {row.Account} the ledger keeps only sums by the minute.");
            }

            if (entry.Count > 0 && entry[0].Sequence != row.Sequence)
            {
                entries.Add(RowEntries.Of(entry));
                entry.Clear();
            }

            entry.Add(row);
        }

        if (entry.Count > 0)
        {
            entries.Add(RowEntries.Of(entry));
        }

        return entries;
    }
}
