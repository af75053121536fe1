using System.Globalization;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Tests.Accounts;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Metering.Ledger.Upkeep;
using Metering.Ledger.Usage;

namespace Metering.Ledger.Tests.Upkeep;

public sealed class RollupTests : IDisposable
{
    private static readonly EntryKind[] ByTheMinute = [EntryKind.Charged, EntryKind.Settled, EntryKind.Reversed, EntryKind.Held, EntryKind.HoldReleased, EntryKind.HoldExpired];

    private readonly TemporaryFolder _folder = new();
    private readonly SegmentWriter _writer = new();
    private RolledUpAccounts _accounts = new(seed: 1);

    [Theory]
    [InlineData(4711)]
    [InlineData(4712)]
    public async Task Whatever_is_rolled_up_when_and_by_whom_every_line_counts_once(int seed)
    {
        var random = new Random(seed);
        _accounts = new RolledUpAccounts(seed);
        Assert.Superset(ByTheMinute[..5].ToHashSet(), _accounts.Rows.Select(static row => row.Kind).ToHashSet());
        var owners = new[] { await OpenAsync(), await OpenAsync() };
        var upkeepers = new[] { Upkeeper(), Upkeeper() };
        for (var step = 0; await ArchivedAsync() < _accounts.Records.Count || step < 20; step++)
        {
            Assert.True(step < 1_000, $"Seed {seed}: it does not come to an end.");
            var owner = random.Next(2);
            switch (random.Next(7))
            {
                case 0:
                    owners[owner] = await OpenAsync();
                    break;
                case 1:
                    // It ends between the segments of a batch, or before its heads.
                    await Assert.ThrowsAsync<LedgerStoreException>(async () => await ArchiveAsync(await OpenAsync(crashAfter: random.Next(2)), random.Next(1, 20), orFail: true));
                    break;
                case 2 or 3 or 4:
                    await ArchiveAsync(owners[owner], random.Next(1, 20), orFail: false);
                    break;
                case 5:
                    // The setting is changed back and forth.
                    await TidyAsync(upkeepers[owner], (RollupScope)random.Next(2));
                    break;
                default:
                    await Assert.ThrowsAsync<LedgerStoreException>(async () =>
                    {
                        var crashing = Upkeeper(crashAfter: random.Next(4));
                        while (true)
                        {
                            await TidyAsync(crashing, (RollupScope)random.Next(2));
                            throw new LedgerStoreException("Nothing was left to do.");
                        }
                    });
                    break;
            }

            await RequireAllAsync($"Seed {seed}, step {step}", random);
        }

        await TidyAsync(upkeepers[0], RollupScope.All);
        await TidyAsync(upkeepers[0], RollupScope.All);
        await RequireAllAsync($"Seed {seed}, at last", random);
        Assert.All((await SegmentsAsync()).GroupBy(static name => name.Hour), static hour => Assert.True(Assert.Single(hour).IsRollup, "One rollup is left of each hour."));
    }

    [Fact]
    public async Task A_row_is_of_one_account_kind_meter_and_minute_and_of_the_same_dimensions()
    {
        await ArchiveAllAsync();
        await RollUpAsync();
        using var reader = new LedgerReader(Open());
        var rows = (await reader.ReadAsync(Query("account-0"), Token)).Rows;
        var expected = _accounts.Rows.Where(static row => row.Account == "account-0").GroupBy(Key).Select(static group => Sum([.. group])).Order(StringComparer.Ordinal);
        Assert.Equal(expected, rows.Select(static row => Sum([row])).Order(StringComparer.Ordinal));

        // What is seldom stays, with all that it says.
        Assert.All(rows, static row => Assert.Equal(ByTheMinute.Contains(row.Kind), row.Lines is not null));
        var whole = _accounts.Rows.Where(static row => row.Account == "account-0" && !ByTheMinute.Contains(row.Kind)).Select(static row => (row.Sequence, row.Id, Convert.ToHexString(row.Entry.Span)));
        Assert.Equal(whole, rows.Where(static row => row.Lines is null).Select(static row => (row.Sequence, row.Id, Convert.ToHexString(row.Entry.Span))));
        Assert.All(rows.Zip(rows.Skip(1)), static pair => Assert.True((pair.First.Sequence, pair.First.Line).CompareTo((pair.Second.Sequence, pair.Second.Line)) < 0, "They are in order."));
    }

    [Fact]
    public async Task An_hour_that_was_merged_with_every_entry_stays_so_unless_all_are_asked_for()
    {
        await ArchiveAllAsync();
        await CompactAsync();
        var merged = (await SegmentsAsync()).Where(static name => name.Merged > 0).ToList();
        Assert.NotEmpty(merged);
        Assert.Equal(0, (await RoundAsync(RollupScope.Begun)).Written);
        _ = await RoundAsync(RollupScope.New);
        Assert.Equal(merged, (await SegmentsAsync()).Where(static name => name.Merged > 0));
        Assert.Equal(merged.Count, (await RoundAsync(RollupScope.All)).Written);
        await RequireAllAsync("All", new Random(1));
    }

    [Fact]
    public async Task A_minute_that_is_kept_as_a_sum_cannot_be_cut()
    {
        await ArchiveAllAsync();
        await RollUpAsync();
        using var reader = new LedgerReader(Open());
        var first = _accounts.Rows[0].At;
        var cut = new DateTimeOffset(first.Year, first.Month, first.Day, first.Hour, 30, 0, TimeSpan.Zero);
        var usage = new UsageQuery { Partition = 0, From = cut, To = cut.AddDays(1), Window = UsageWindow.Range, Groups = [], MaxRows = 10 };
        _ = await reader.ReadUsageAsync(usage, new UsageTail(usage), Token);
        _ = await reader.ReadAsync(Query("account-0") with { From = cut }, Token);
        await Assert.ThrowsAsync<RolledUpException>(() => reader.ReadUsageAsync(usage with { From = cut.AddTicks(1) }, new UsageTail(usage), Token));
        await Assert.ThrowsAsync<RolledUpException>(() => reader.ReadAsync(Query("account-0") with { To = cut.AddTicks(1) }, Token));
        await Assert.ThrowsAsync<RolledUpException>(() => reader.ReadLastAsync(Query("account-0"), cut.AddTicks(-1), Token));
    }

    [Fact]
    public async Task A_page_that_ended_with_an_entry_is_not_gone_on_with_in_the_midst_of_its_minute()
    {
        await ArchiveAllAsync();
        using var reader = new LedgerReader(Open());

        // The last but one of a row to be: what comes after it has it in its sum.
        var inMidst = _accounts.Rows.Where(static row => row.Account == "account-0").GroupBy(Key).First(static group => group.Select(static row => row.Sequence).Distinct().Count() > 1).First();
        var next = Query("account-0") with { After = inMidst.Sequence, AfterAt = inMidst.At };
        Assert.NotEmpty((await reader.ReadAsync(next, Token)).Rows);
        await RollUpAsync();
        Assert.Contains($"Entry {inMidst.Sequence} ", (await Assert.ThrowsAsync<RolledUpException>(() => reader.ReadAsync(next, Token))).Message, StringComparison.Ordinal);
        Assert.NotEmpty((await reader.ReadAsync(next with { AfterIsRolledUp = true }, Token)).Rows);
    }

    [Fact]
    public async Task An_hour_with_an_entry_that_somebody_changed_is_not_rolled_up_and_is_named()
    {
        await ArchiveAllAsync();
        var segments = await SegmentsAsync();
        var changed = segments[0];
        await ChangeAsync(changed);
        var rollup = Upkeeper().Rollup;
        var report = await rollup.RunAsync(RollupScope.New, static _ => true, rests: false, Token);
        Assert.Contains($"hour={changed.Hour:HH}", Assert.Single(report.Faults), StringComparison.Ordinal);
        Assert.Empty((await rollup.RunAsync(RollupScope.New, static _ => true, rests: false, Token)).Faults);
        Assert.DoesNotContain(await SegmentsAsync(), name => name.IsRollup && name.Hour == changed.Hour);
        Assert.Contains(await SegmentsAsync(), static name => name.IsRollup);
    }

    [Fact]
    public async Task An_hour_of_which_a_segment_is_gone_for_a_while_is_rolled_up_when_it_is_back()
    {
        await ArchiveAllAsync(recordsPerBatch: 4);
        var segments = (await SegmentsAsync()).GroupBy(static name => name.Hour).MaxBy(static hour => hour.Count())!.ToList();
        Assert.True(segments.Count > 2);
        var path = Path.Combine(Open().Root, segments[1].Path);
        File.Move(path, $"{path}.away");
        var rollup = Upkeeper().Rollup;
        var report = await rollup.RunAsync(RollupScope.New, static _ => true, rests: false, Token);
        Assert.Contains("are missing", Assert.Single(report.Faults), StringComparison.Ordinal);
        File.Move($"{path}.away", path);
        Assert.Equal(segments.Count, (await rollup.RunAsync(RollupScope.New, static _ => true, rests: false, Token)).RolledUp);
        await RequireAllAsync("It is back", new Random(1));
    }

    [Fact]
    public async Task What_the_heads_do_not_say_to_be_durable_is_not_rolled_up_because_the_journal_still_tells_it()
    {
        await ArchiveAsync(await OpenAsync(), 10, orFail: false);
        await Assert.ThrowsAsync<LedgerStoreException>(async () => await ArchiveAsync(await OpenAsync(crashAfter: 1), 10, orFail: true));
        await RoundAsync(RollupScope.New);
        Assert.Equal(10, (await SegmentsAsync()).Where(static name => name.IsRollup).Max(static name => name.Last));
        Assert.Equal(20, (await SegmentsAsync()).Max(static name => name.Last));
        await RequireAllAsync("A segment without heads", new Random(1));
    }

    [Fact]
    public async Task The_chain_goes_on_after_what_is_rolled_up()
    {
        await ArchiveAllAsync();
        var last = (await SegmentsAsync()).Max(static name => name.Hour);
        await RoundAsync(RollupScope.New, new StoppedClock(last + Compaction.SettledAfter));
        await RoundAsync(RollupScope.New, new StoppedClock(last + Compaction.SettledAfter));
        using (var reader = new LedgerReader(Open()))
        {
            var report = await reader.VerifyAsync(null, Token);
            Assert.True(report.Holds, string.Join("\n", report.Breaks));
            Assert.Equal(_accounts.Rows.Count, report.Entries + report.RolledUp);
            Assert.Equal(_accounts.Rows.Count(row => row.At >= last), report.Entries);
        }

        // An hour's rollup that somebody took away is missed by the first entry after it.
        var before = (await SegmentsAsync()).Last(name => name.Hour < last);
        await Open().DeleteAsync(before.Path, Token);
        using var again = new LedgerReader(Open());
        Assert.All((await again.VerifyAsync(null, Token)).Breaks, static found => Assert.Equal(BreakReason.Missing, found.Reason));
        Assert.False((await again.VerifyAsync(null, Token)).Holds);
    }

    [Fact]
    public async Task What_is_too_old_goes_whether_it_is_rolled_up_or_not()
    {
        await ArchiveAllAsync();
        await RoundAsync(RollupScope.New, new StoppedClock(_accounts.Rows[0].At.AddHours(2)));
        await RoundAsync(RollupScope.New, new StoppedClock(_accounts.Rows[0].At.AddHours(2)));
        Assert.Contains(await SegmentsAsync(), static name => name.IsRollup);
        var report = await new Retention(Open(), new StoppedClock(_accounts.End + Retention.LeastAge)).RunAsync(Retention.LeastAge, static _ => true, Token);
        Assert.Empty(report.Faults);
        using var reader = new LedgerReader(Open());
        var check = await reader.VerifyAsync(null, Token);
        Assert.True(check.Holds, string.Join("\n", check.Breaks));
        Assert.Equal(_accounts.Rows.Count(row => row.At >= SegmentName.HourOf(_accounts.End)), check.Entries);
    }

    [Fact]
    public async Task The_chain_goes_on_after_an_hour_that_ended_with_an_entry_whose_lines_are_in_different_sums()
    {
        // Of the sums of the hour that of "disk" ends with a line that has no link, and has one of an earlier entry in it; something was held then.
        var scene = new Scene();
        var hour = SegmentName.HourOf(Scene.Start);
        scene.Clock = hour.AddMinutes(61);
        _ = scene.Grant("plan", "500");
        _ = scene.Hold("h", Scene.Line("calls", "1"));
        _ = scene.Charge("a", "disk", "1");
        _ = scene.Release("r", "h");
        _ = scene.Charge(new Charge("b", [Scene.Line("calls", "1"), Scene.Line("calls", "2"), Scene.Line("disk", "1")], null, ChargeMode.Record));
        scene.Clock = hour.AddMinutes(121);
        _ = scene.Charge("c", "disk", "1");
        var rows = SegmentTests.Rows("acme", scene.Entries);
        Directory.CreateDirectory(Open().Root);
        var owner = await OpenAsync();
        var batch = owner.Begin();
        scene.Entries.ForEach(entry => batch.Add("acme", entry.Encoded));
        await owner.CommitAsync(batch, new Progress(1, 0), Token);
        var first = new StoppedClock(hour.AddHours(2) + Compaction.SettledAfter);
        await RoundAsync(RollupScope.New, first);
        await RoundAsync(RollupScope.New, first);
        using (var reader = new LedgerReader(Open()))
        {
            var report = await reader.VerifyAsync(null, Token);
            Assert.True(report.Holds, string.Join("\n", report.Breaks));
            Assert.Equal((1, 8), (report.Entries, report.RolledUp));
            Assert.All((await reader.ReadAsync(Query("acme"), Token)).Rows, row => Assert.Equal(rows.Last(each => each.Sequence == row.Sequence).Available, row.Available));
        }

        var retention = await new Retention(Open(), new StoppedClock(hour.AddHours(2) + Retention.LeastAge)).RunAsync(Retention.LeastAge, static _ => true, Token);
        Assert.True(retention.Removed > 0);
        using var after = new LedgerReader(Open());
        var kept = await after.VerifyAsync(null, Token);
        Assert.True(kept.Holds, string.Join("\n", kept.Breaks));
        Assert.Equal((1, 0), (kept.Entries, kept.RolledUp));
    }

    [Fact]
    public async Task A_charge_of_which_only_the_sum_is_kept_is_said_to_be_rolled_up_and_one_that_is_there_is_found()
    {
        await ArchiveAllAsync();
        var last = (await SegmentsAsync()).Max(static name => name.Hour);
        var (old, recent) = (Charge(row => row.At < last), Charge(row => row.At >= last));
        await RoundAsync(RollupScope.New, new StoppedClock(last + Compaction.SettledAfter));
        using var reader = new LedgerReader(Open());
        var rolledUp = await reader.FindChargeAsync(old.Account, 0, old.Id!, Token);
        Assert.Equal((0, true), (rolledUp.Rows.Count, rolledUp.IsRolledUp));
        var found = await reader.FindChargeAsync(recent.Account, 0, recent.Id!, Token);
        Assert.Equal((recent.Sequence, true, false), (found.Rows[0].Sequence, found.IsWhole, found.IsRolledUp));

        LedgerRow Charge(Func<LedgerRow, bool> when) => _accounts.Rows.First(row => row.Kind == EntryKind.Charged && when(row));
    }

    [Fact]
    public async Task An_exported_file_has_rollups_and_entries_each_once()
    {
        await ArchiveAllAsync();
        var last = (await SegmentsAsync()).Max(static name => name.Hour);
        await RoundAsync(RollupScope.New, new StoppedClock(last + Compaction.SettledAfter));
        using var reader = new LedgerReader(Open());
        foreach (var format in new[] { "parquet", "csv", "json" })
        {
            var (rows, damaged) = await reader.ExportAsync(Path.Combine(_folder.Path, $"all.{format}"), null, Token);
            var expected = _accounts.Rows.Where(row => row.At < last).GroupBy(Key).Count() + _accounts.Rows.Count(row => row.At >= last);
            Assert.Equal((expected, 0), (rows, damaged.Count));
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private StoppedClock After => new(_accounts.End.AddHours(2));

    private FolderSegmentStore Open() => FolderSegmentStore.OpenToWrite(Path.Combine(_folder.Path, "ledger"));

    private static LedgerQuery Query(string account) => new() { Account = account, Partition = 0, MaxRows = 10_000 };

    private static (string Account, EntryKind Kind, string? Meter, string Dimensions, DateTimeOffset Minute, long Sequence) Key(LedgerRow row) => ByTheMinute.Contains(row.Kind)
        ? (row.Account, row.Kind, row.Meter, string.Join(',', row.Dimensions), new DateTimeOffset(row.At.UtcTicks - (row.At.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero), 0)
        : (row.Account, row.Kind, row.Meter, string.Join(',', row.Dimensions), row.At, row.Sequence);

    /// <summary>What rows of the same key come to.</summary>
    private static string Sum(IReadOnlyList<LedgerRow> rows)
    {
        var last = rows.MaxBy(static row => (row.Sequence, row.Line))!;
        return FormattableString.Invariant($"""
            {Key(last)} {rows.Min(static row => row.FirstSequence ?? row.Sequence)}-{last.Sequence} {rows.Sum(static row => row.Lines ?? 1)} lines, {rows.Sum(static row => row.Quantity?.Value):0.#########}
            for {rows.Sum(static row => row.Credits?.Value):0.#########}, held {rows.Sum(static row => row.Held?.Value):0.#########}, {last.Balance} {last.Available} {LinkOfLast(rows)}
            """);
    }

    /// <summary>The link of the last entry that is in them, if its first row is.</summary>
    private static ulong? LinkOfLast(IReadOnlyList<LedgerRow> rows) => rows.Where(row => row.Sequence == rows.Max(static each => each.Sequence)).Max(static row => row.Hash);

    private async Task<PartitionArchive> OpenAsync(int crashAfter = int.MaxValue)
    {
        var left = crashAfter;
        return await PartitionArchive.OpenAsync(new WatchedStore(Open(), _ => left-- > 0 ? Task.CompletedTask : throw new LedgerStoreException("The process ends here.")), _writer, 0, Token);
    }

    /// <summary>How far the heads say that the ledger has come.</summary>
    private async Task<long> ArchivedAsync() => (await OpenAsync()).Progress.Record;

    private async Task ArchiveAsync(PartitionArchive owner, int records, bool orFail)
    {
        var batch = owner.Begin();
        var first = (int)owner.Progress.Record;
        var last = Math.Min(first + records, _accounts.Records.Count);
        foreach (var (account, entry) in _accounts.Records.Take(last).Skip(first).SelectMany(static record => record))
        {
            batch.Add(account, entry.Encoded);
        }

        if (last > first)
        {
            await owner.CommitAsync(batch, new Progress(last, 0), Token);
        }

        // Too short to be interrupted.
        _ = orFail ? throw new LedgerStoreException("All of it was there already.") : 0;
    }

    private async Task ArchiveAllAsync(int recordsPerBatch = 20)
    {
        var owner = await OpenAsync();
        while (owner.Progress.Record < _accounts.Records.Count)
        {
            await ArchiveAsync(owner, recordsPerBatch, orFail: false);
        }
    }

    private (Rollup Rollup, Compaction Compaction) Upkeeper(int crashAfter = int.MaxValue)
    {
        var left = crashAfter;
        var store = new WatchedStore(Open(), _ => left-- > 0 ? Task.CompletedTask : throw new LedgerStoreException("The process ends here."));
        return (new Rollup(store, After), new Compaction(store, After));
    }

    private static async Task TidyAsync((Rollup Rollup, Compaction Compaction) upkeeper, RollupScope scope)
    {
        _ = await upkeeper.Rollup.RunAsync(scope, static _ => true, rests: false, Token);
        _ = await upkeeper.Compaction.RunAsync(static _ => true, rests: false, Token);
    }

    private async Task RollUpAsync()
    {
        await RoundAsync(RollupScope.New);
        await RoundAsync(RollupScope.New);
        Assert.All(await SegmentsAsync(), static name => Assert.True(name.IsRollup));
    }

    private Task<RollupReport> RoundAsync(RollupScope scope) => RoundAsync(scope, After);

    private async Task<RollupReport> RoundAsync(RollupScope scope, TimeProvider time)
    {
        var report = await new Rollup(Open(), time).RunAsync(scope, static _ => true, rests: false, Token);
        Assert.Empty(report.Faults);
        return report;
    }

    private async Task CompactAsync()
    {
        var compaction = new Compaction(Open(), After);
        _ = await compaction.RunAsync(static _ => true, rests: false, Token);
        _ = await compaction.RunAsync(static _ => true, rests: false, Token);
    }

    private async Task<List<SegmentName>> SegmentsAsync() =>
        [.. (await Open().ListAsync("date=", Token)).Select(static path => SegmentName.TryParse(path, out var name) ? name : throw new InvalidOperationException($"'{path}' is no segment."))];

    private async Task ChangeAsync(SegmentName segment)
    {
        var path = Path.Combine(Open().Root, segment.Path);
        using var connection = new DuckDB.NET.Data.DuckDBConnection("DataSource=:memory:");
        await connection.OpenAsync(Token);
        using var command = connection.CreateCommand();
        command.CommandText = $"COPY (SELECT * REPLACE (balance + 1 AS balance) FROM read_parquet('{path}', hive_partitioning = false)) TO '{path}.new' (FORMAT parquet)";
        await command.ExecuteNonQueryAsync(Token);
        File.Move($"{path}.new", path, overwrite: true);
    }

    /// <summary>Whatever there is in segments or not, every question has the answer that the entries give.</summary>
    private async Task RequireAllAsync(string when, Random random)
    {
        using var reader = new LedgerReader(Open());
        var archive = await OpenAsync();
        var archived = archive.Progress.Record;
        var check = await reader.VerifyAsync(null, Token);
        Assert.True(check.Holds, $"{when}: {string.Join("\n", check.Breaks)}");

        // Row by row, as far as it is archived.
        var through = _accounts.Records.Take((int)archived).SelectMany(static record => record).GroupBy(static each => each.Account).ToDictionary(static group => group.Key, static group => group.Max(static each => each.Entry.Sequence));
        foreach (var account in through.Keys.Where(_ => random.Next(3) == 0))
        {
            var rows = new List<LedgerRow>();
            var query = Query(account) with { MaxRows = random.Next(20, 80) };
            for (var more = true; more;)
            {
                var page = await reader.ReadAsync(query, Token);
                rows.AddRange(page.Rows);
                more = page.More;
                query = more ? query with { After = rows[^1].Sequence, AfterAt = rows[^1].At, AfterIsRolledUp = rows[^1].FirstSequence is not null } : query;
            }

            // A segment without heads may have more than they say.
            var known = Math.Max(through[account], rows.Max(static row => row.Sequence));
            Assert.Equal(
                _accounts.Rows.Where(row => row.Account == account && row.Sequence <= known).GroupBy(Key).Select(static group => Sum([.. group])).Order(StringComparer.Ordinal),
                rows.GroupBy(Key).Select(static group => Sum([.. group])).Order(StringComparer.Ordinal));
            var instant = Minute(_accounts.Rows[random.Next(_accounts.Rows.Count)].At);
            Assert.Equal(
                _accounts.Rows.LastOrDefault(row => row.Account == account && row.Sequence <= known && row.At < instant)?.Balance,
                (await reader.ReadLastAsync(Query(account), instant, Token))?.Balance);
        }

        for (var question = 0; question < 2; question++)
        {
            await AskAsync(reader, archive, AnyQuery(random), tailFrom: random.Next(2) == 0 ? (int)archived : random.Next((int)archived + 1), when);
        }
    }

    private async Task AskAsync(LedgerReader reader, PartitionArchive archive, UsageQuery query, int tailFrom, string when)
    {
        var answer = await reader.ReadUsageAsync(query, Tail(query, tailFrom, archive: null), Token);
        if (answer.IsTailTooLong)
        {
            answer = await reader.ReadUsageAsync(query, Tail(query, tailFrom, archive), Token);
        }

        Assert.False(answer.IsTailTooLong || answer.IsTooMany);
        var lines = _accounts.Rows.Where(row => query.Matches(row)).ToList();
        var expected = lines
            .GroupBy(row => (Window: query.Window.Number(row.At), Groups: string.Join('|', query.Groups.Select(group => Value(row, group)))))
            .Select(static group => Told(group.Key.Window, group.Key.Groups, group.Sum(Quantity), -group.Sum(static row => row.Credits!.Value.Value), group.Count(static row => row.Kind != EntryKind.Reversed)));
        var told = answer.Rows.Select(row => Told(query.Window.Number(row.From), string.Join('|', row.Groups), row.Quantity, row.Credits, row.Lines));
        Assert.True(
            expected.Order(StringComparer.Ordinal).SequenceEqual(told.Order(StringComparer.Ordinal)),
            $"{when}, the tail after {tailFrom} of {archive.Progress.Record}: {query} says\n{string.Join("\n", told.Order(StringComparer.Ordinal))}\nand the entries\n{string.Join("\n", expected.Order(StringComparer.Ordinal))}");

        static decimal Quantity(LedgerRow row) => (row.Kind == EntryKind.Reversed ? -1 : 1) * (row.Quantity?.Value ?? 0);

        static string Told(long window, string groups, decimal quantity, decimal credits, long lines) => string.Create(CultureInfo.InvariantCulture, $"{window} {groups} {quantity:0.#########} {credits:0.#########} {lines}");
    }

    private UsageTail Tail(UsageQuery query, int after, PartitionArchive? archive)
    {
        var tail = new UsageTail(query) { After = Math.Max(after, archive?.Progress.Record ?? 0), Archive = archive };
        foreach (var (account, entry) in _accounts.Records.Skip(after).SelectMany(static record => record).Where(each => query.Account is null || query.Account == each.Account))
        {
            tail.Take(account, entry.Encoded);
        }

        return tail;
    }

    private UsageQuery AnyQuery(Random random)
    {
        var (one, other) = (_accounts.Rows[random.Next(_accounts.Rows.Count)].At, _accounts.Rows[random.Next(_accounts.Rows.Count)].At);
        return new UsageQuery
        {
            Account = random.Next(2) == 0 ? RolledUpAccounts.Name(random.Next(3)) : null,
            Partition = 0,
            From = Minute(one < other ? one : other),
            To = Minute(one < other ? other : one).AddMinutes(1),
            Window = (UsageWindow)random.Next(5),
            Groups = random.Next(4) switch { 0 => [], 1 => [new(UsageGroupKind.Meter, "")], 2 => [new(UsageGroupKind.Dimension, "team")], _ => [new(UsageGroupKind.Account, ""), new(UsageGroupKind.Meter, "")] },
            Meter = random.Next(4) == 0 ? "calls" : null,
            MaxRows = 10_000,
        };
    }

    private static DateTimeOffset Minute(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);

    private static string? Value(LedgerRow row, UsageGroup group) => group.Kind switch
    {
        UsageGroupKind.Account => row.Account,
        UsageGroupKind.Meter => row.Meter ?? "",
        UsageGroupKind.Dimension => row.Dimensions.Where(dimension => dimension.Name == group.Dimension).Select(static dimension => dimension.Value).FirstOrDefault(),
    };
}
