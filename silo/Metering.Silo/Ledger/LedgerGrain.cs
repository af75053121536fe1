using Metering.Contracts;
using Metering.Core;
using Metering.Core.Entries;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;

namespace Metering.Silo.Ledger;

/// <summary>
/// Reads an account's ledger: segments, and after them what the journal has and the archive does not. It lives where the account's partition is, whose journal it reads, and
/// does not wake the account.
/// </summary>
/// <remarks>
/// The journal first, the segments after: an entry that is archived in between is then in both, and seen once. A filter on lines may leave a page of the journal's part
/// empty; the segments' part is filtered where it is read.
/// </remarks>
[Reentrant, AccountPlacement]
public sealed class LedgerGrain(Journal journal, IPartitionOwnership ownership, IServiceProvider services, LedgerFiles files) : OwnedGrain(ownership), ILedgerGrain
{
    private const int MaxLinesPerEntry = 32;

    protected override int Partition => journal.PartitionOf(Account);

    private string Account => this.GetPrimaryKeyString();

    public Task<Answer<LedgerPage>> Read(LedgerRequest request) => AskAsync<LedgerPage>(async (reader, cancellationToken) =>
    {
        var query = Query(request);

        // A page that the segments fill needs nothing of the journal, of which there may be much.
        if (!request.WithBalances && await reader.ReadAsync(query, cancellationToken) is { More: true } full)
        {
            return Join(full, [], query, request.Limit);
        }

        var unarchived = await UnarchivedAsync(cancellationToken);
        var archived = await reader.ReadAsync(query, cancellationToken);
        var page = Join(archived, unarchived, query, request.Limit);
        if (page.Lines.Count == 0 && request.After == 0 && unarchived.Count == 0 && !await ExistsAsync())
        {
            return NotFound();
        }

        if (!request.WithBalances)
        {
            return page;
        }

        var (opening, closing) = await BalancesAsync(reader, query, unarchived, cancellationToken);
        return page with { OpeningBalance = opening?.Value, ClosingBalance = closing?.Value };
    });

    public Task<Answer<LedgerCheck>> Verify(DateTimeOffset? from, DateTimeOffset? to) => AskAsync<LedgerCheck>(async (reader, cancellationToken) =>
    {
        var query = new LedgerQuery
        {
            Account = Account,
            Partition = journal.PartitionOf(Account),
            From = from ?? DateTimeOffset.MinValue,
            To = to ?? DateTimeOffset.MaxValue,
            MaxRows = MaxLinesPerEntry,
        };
        var (report, first, last) = await reader.VerifyRangeAsync(query, cancellationToken);
        if (report.RolledUp > 0)
        {
            return new Refusal
            {
                Code = Code.DetailNotKept,
                Detail = $"{report.RolledUp} lines of that range are rolled up by the minute, and have no chain that could be followed. Ask for a range after them.",
                Account = Account,
            };
        }

        return report.Entries == 0 && !await ExistsAsync()
            ? NotFound()
            : new LedgerCheck { Rows = report.Entries, First = first, Last = last, Break = report.Breaks.Count > 0 ? Break(report.Breaks[0]) : null, Damaged = report.Damaged };
    });

    public async Task<Answer<UsageReply>> ReadUsage(UsageRequest request)
    {
        if (await AccountUsageReading.ReadAsync(GrainFactory.GetGrain<IAccountGrain>(Account), request) is { } known)
        {
            return known;
        }

        var answer = await UsageReading.ReadAsync(services, journal.PartitionOf(Account), Account, request);
        return answer.Reply is { Rows.Count: 0 } && !await ExistsAsync() ? NotFound() : answer;
    }

    public Task<Answer<LedgerFile>> OpenFile(LedgerRequest request) => AskAsync<LedgerFile>(
        async (reader, cancellationToken) =>
        {
            if (!await ExistsAsync())
            {
                return NotFound();
            }

            using var place = files.TryTake();
            if (place is null)
            {
                return new Refusal { Code = Code.Overloaded, Detail = "Other callers read files of the ledger. Pages can be read at any time.", Account = Account, RetryAfter = LedgerFiles.MaxIdle };
            }

            var query = Query(request);
            var unarchived = await UnarchivedAsync(cancellationToken);
            var writer = services.GetRequiredService<SegmentWriter>();
            var (path, damaged) = await reader.WriteFileAsync(query, unarchived.FindAll(query.Matches), writer, cancellationToken);
            var (id, length) = place.Keep(path);
            return new LedgerFile(id, length, damaged);
        },
        LedgerFiles.MaxTime);

    public async Task<Answer<LedgerFilePart>> ReadFile(Guid file, long offset) => new LedgerFilePart(await files.ReadAsync(file, offset));

    public Task<Answer<LedgerFilePart>> CloseFile(Guid file)
    {
        files.Close(file);
        return Task.FromResult<Answer<LedgerFilePart>>(new LedgerFilePart(default(ReadOnlyMemory<byte>)));
    }

    private Refusal NotFound() => new() { Code = Code.AccountNotFound, Detail = $"There is no account {Account}.", Account = Account };

    /// <summary>Asks the ledger, with the time that callers have.</summary>
    private Task<Answer<T>> AskAsync<T>(Func<LedgerReader, CancellationToken, Task<Answer<T>>> ask)
        where T : class =>
        AskAsync(ask, LedgerRefusals.MaxTime);

    private async Task<Answer<T>> AskAsync<T>(Func<LedgerReader, CancellationToken, Task<Answer<T>>> ask, TimeSpan maxTime)
        where T : class
    {
        if (services.GetService<LedgerReader>() is not { } reader)
        {
            return LedgerRefusals.None(Account);
        }

        using var time = new CancellationTokenSource(maxTime);
        try
        {
            return await ask(reader, time.Token);
        }
        catch (Exception failure) when (LedgerRefusals.Of(Account, failure, maxTime, time.Token) is { } refusal)
        {
            return refusal;
        }
    }

    private static LedgerBreak Break(ChainBreak found) => new(found.Sequence, found.Line, found.Reason switch
    {
        BreakReason.Missing => LedgerBreakReason.Missing,
        BreakReason.Changed => LedgerBreakReason.Changed,
    });

    private LedgerQuery Query(LedgerRequest request) => new()
    {
        Account = Account,
        Partition = journal.PartitionOf(Account),
        After = request.After,
        AfterAt = request.AfterAt ?? DateTimeOffset.MinValue,
        AfterIsRolledUp = request.AfterIsRolledUp,
        From = request.From ?? DateTimeOffset.MinValue,
        To = request.To ?? DateTimeOffset.MaxValue,
        Kinds = [.. request.Kinds.Select(static kind => (EntryKind)kind)],
        Meter = request.Meter,
        Dimensions = request.Dimensions,

        // Rows are read by their number, and entries counted after: there is always room for one of as many lines as it can have.
        MaxRows = request.Limit + MaxLinesPerEntry,
    };

    /// <summary>
    /// The balances before the range's first entry and after its last. Where nothing is known before the range it is 0 if the ledger has the account's first entry, and else unknown.
    /// </summary>
    private async Task<(Credits? Opening, Credits? Closing)> BalancesAsync(
        LedgerReader reader, LedgerQuery query, List<LedgerRow> unarchived, CancellationToken cancellationToken)
    {
        var opening = await BalanceBeforeAsync(query.From);
        if (opening is null)
        {
            var first = await reader.ReadAsync(new LedgerQuery { Account = Account, Partition = query.Partition, MaxRows = MaxLinesPerEntry }, cancellationToken);
            opening = (first.Rows.Count > 0 ? first.Rows[0] : unarchived.FirstOrDefault()) is { Sequence: 1 } or { FirstSequence: 1 } ? Credits.Zero : null;
        }

        return (opening, await BalanceBeforeAsync(query.To) ?? opening);

        async Task<Credits?> BalanceBeforeAsync(DateTimeOffset instant) =>
            (unarchived.FindLast(row => row.At < instant) ?? await reader.ReadLastAsync(query, instant, cancellationToken))?.Balance;
    }

    private async Task<bool> ExistsAsync() =>
        (await GrainFactory.GetGrain<IAccountGrain>(Account).Get()).Refusal is not { Code: Code.AccountNotFound };

    /// <summary>Rows of what the journal has and the archive may not, without links: those are made when they are archived.</summary>
    private async Task<List<LedgerRow>> UnarchivedAsync(CancellationToken cancellationToken)
    {
        var chunks = await journal.ReadUnarchivedAsync(Account, cancellationToken);
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

    internal static LedgerPage Join(LedgerRows archived, List<LedgerRow> unarchived, LedgerQuery query, int maxEntries)
    {
        var rows = new List<LedgerRow>(archived.Rows);
        if (!archived.More)
        {
            // Whatever of the journal's part is in the segments too came from them already.
            var last = rows.Count > 0 ? rows[^1].Sequence : query.After;
            rows.AddRange(unarchived.Where(row => row.Sequence > last && query.Matches(row)));
            FillIn(rows, archived.Rows.Count);
        }

        var lines = rows.Take(RowsOfPage(rows, query.MaxRows, maxEntries)).Select(Line).ToList();
        return new LedgerPage
        {
            Lines = lines,
            More = archived.More || lines.Count < rows.Count,
            Damaged = archived.Damaged,
            Detail = lines.Exists(static line => line.FirstSequence is not null) ? LedgerDetail.Rollup : LedgerDetail.Full,
        };
    }

    /// <summary>So many rows are whole entries, and neither more entries nor more rows than a page has.</summary>
    private static int RowsOfPage(List<LedgerRow> rows, int maxRows, int maxEntries)
    {
        var (whole, entries) = (0, 0);
        for (var row = 1; row <= rows.Count && row <= maxRows && entries < maxEntries; row++)
        {
            if (row == rows.Count || rows[row].Sequence != rows[row - 1].Sequence)
            {
                (whole, entries) = (row, entries + 1);
            }
        }

        return whole;
    }

    /// <summary>What the first entry of the journal's part changed is not known from the journal when the entry before it was trimmed: that one is in the segments.</summary>
    private static void FillIn(List<LedgerRow> rows, int first)
    {
        if (first > 0 && first < rows.Count && rows[first] is { Credits: null } row && rows[first - 1] is var before && before.Sequence == row.Sequence - 1)
        {
            rows[first] = row with { Credits = row.Balance - before.Balance };
        }
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
        FirstSequence = row.FirstSequence,
        Lines = row.Lines,
    };
}
