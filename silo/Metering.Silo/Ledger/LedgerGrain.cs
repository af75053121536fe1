using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Silo.Ledger;

/// <summary>
/// Reads an account's ledger: segments, and after them what the journal has and the archive does not. It lives where the account's partition is, whose journal it reads, and
/// does not wake the account.
/// </summary>
/// <remarks>
/// The journal first, the segments after: an entry that is archived in between is then in both, and seen once. A filter on lines may leave a page of the journal's part
/// empty; the segments' part is filtered where it is read.
/// </remarks>
[AccountPlacement]
public sealed class LedgerGrain(Journal journal, IServiceProvider services) : Grain, ILedgerGrain
{
    private const int MaxLinesPerEntry = 32;

    private static readonly TimeSpan StoreRetryDelay = TimeSpan.FromSeconds(1);

    private string Account => this.GetPrimaryKeyString();

    public async Task<Answer<LedgerPage>> Read(LedgerRequest request)
    {
        if (services.GetService<LedgerReader>() is not { } reader)
        {
            return new Refusal { Code = Code.Unavailable, Detail = "This server keeps no ledger.", Account = Account, IsLasting = true };
        }

        try
        {
            var query = Query(request);
            var unarchived = await UnarchivedAsync();
            var archived = await reader.ReadAsync(query, CancellationToken.None);
            var page = Join(archived, unarchived, query, request.Limit);
            var isUnknown = page.Lines.Count == 0 && request.After == 0 && unarchived.Count == 0 && !await ExistsAsync();
            return isUnknown ? NotFound() : page;
        }
        catch (JournalUnavailableException unavailable)
        {
            return new Refusal { Code = Code.Unavailable, Detail = unavailable.Message, Account = Account, RetryAfter = unavailable.RetryAfter };
        }
        catch (LedgerStoreException fault)
        {
            return new Refusal { Code = Code.Unavailable, Detail = fault.Message, Account = Account, RetryAfter = StoreRetryDelay };
        }
    }

    public async Task<Answer<UsageReply>> ReadUsage(UsageRequest request)
    {
        var answer = await UsageReading.ReadAsync(services, journal.PartitionOf(Account), Account, request);
        return answer.Reply is { Rows.Count: 0 } && !await ExistsAsync() ? NotFound() : answer;
    }

    private Refusal NotFound() => new() { Code = Code.AccountNotFound, Detail = $"There is no account {Account}.", Account = Account };

    private LedgerQuery Query(LedgerRequest request) => new()
    {
        Account = Account,
        Partition = journal.PartitionOf(Account),
        After = request.After,
        From = request.From ?? DateTimeOffset.MinValue,
        To = request.To ?? DateTimeOffset.MaxValue,
        Meter = request.Meter,
        Dimensions = request.Dimensions,

        // Rows are read by their number, and entries counted after: there is always room for one of as many lines as it can have.
        MaxRows = request.Limit + MaxLinesPerEntry,
    };

    private async Task<bool> ExistsAsync() =>
        (await GrainFactory.GetGrain<IAccountGrain>(Account).Get()).Refusal is not { Code: Code.AccountNotFound };

    /// <summary>Rows of what the journal has and the archive may not, without links: those are made when they are archived.</summary>
    private async Task<List<LedgerRow>> UnarchivedAsync()
    {
        var chunks = await journal.ReadUnarchivedAsync(Account, CancellationToken.None);
        var rows = new List<LedgerRow>();
        if (chunks.Count == 0)
        {
            return rows;
        }

        var head = default(ChainHead);
        _ = services.GetService<JournalArchive>()?.TryHead(journal.PartitionOf(Account), Account, out head);
        foreach (var chunk in chunks)
        {
            Add(chunk.Span, ref head, rows);
        }

        return rows;
    }

    private void Add(ReadOnlySpan<byte> chunk, ref ChainHead head, List<LedgerRow> rows)
    {
        while (!chunk.IsEmpty)
        {
            var entry = EntryFrame.Next(ref chunk);
            if (Core.Entries.Entry.PeekSequence(entry) > head.Sequence)
            {
                EntryRows.Add(Account, entry, ref head, rows);
            }
        }
    }

    private static LedgerPage Join(LedgerRows archived, List<LedgerRow> unarchived, LedgerQuery query, int maxEntries)
    {
        var rows = new List<LedgerRow>(archived.Rows);
        if (!archived.More)
        {
            // Whatever of the journal's part is in the segments too came from them already.
            var last = rows.Count > 0 ? rows[^1].Sequence : query.After;
            rows.AddRange(unarchived.Where(row => row.Sequence > last && query.Matches(row)));
        }

        var lines = rows.GroupBy(static row => row.Sequence).Take(maxEntries).SelectMany(static entry => entry).Select(Line).ToList();
        return new LedgerPage { Lines = lines, More = archived.More || lines.Count < rows.Count, Damaged = archived.Damaged };
    }

    private static LedgerLine Line(LedgerRow row) => new()
    {
        Sequence = row.Sequence,
        Line = row.Line,
        At = row.At,
        Time = row.UsageAt,
        Kind = (ChangeKind)row.Kind,
        Subject = row.Id,
        Meter = row.Meter,
        Quantity = row.Quantity?.Value,
        Credits = row.Credits?.Value,
        Balance = row.Balance.Value,
        Available = row.Available.Value,
        Card = row.Card,
        Version = row.Version,
        Price = row.Price,
        Dimensions = row.Dimensions.ToDictionary(static dimension => dimension.Name, static dimension => dimension.Value, StringComparer.Ordinal),
        Tiers = row.Tiers,
        Burned = [.. row.Burned.Select(static burn => new GrantBurn(burn.Grant, burn.Credits.Value))],
        OverageAdded = row.OverageAdded?.Value,
        Uncovered = row.Uncovered?.Value,
        Mode = row.Mode,
        Hold = row.Hold,
        Held = row.Held?.Value,
        Reverses = row.Reverses,
    };
}
