using System.CommandLine;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.Ledger.Upkeep;

namespace Metering.Ledger.Commands;

/// <summary>The command line, for a ledger whether a server is running on it or not. 0: all is well; 1: it is not, or the command cannot be carried out.</summary>
internal static class LedgerCommands
{
    private const int RowsAtOnce = 10_000;

    /// <summary>Rounds of compaction: two do the work, and one more each time something was found to be left alone.</summary>
    private const int MaxRounds = 6;

    internal static RootCommand Root() => new("Reads, checks and tidies a ledger.") { Verify(), Query(), Export(), Sizes(), Compact() };

    private static Command Verify()
    {
        var ledger = Ledger();
        var account = new Option<string?>("--account") { Description = "Only this account." };
        var verify = new Command("verify", "Follows the chain of each account and names the first break.") { ledger, account };
        verify.SetAction((parsed, cancellationToken) => TellAsync(async () =>
        {
            using var opened = LedgerAddress.Open(parsed.GetRequiredValue(ledger), toWrite: false);
            using var reader = new LedgerReader(opened.Store);
            var report = await reader.VerifyAsync(parsed.GetValue(account), cancellationToken);
            foreach (var damaged in report.Damaged)
            {
                await Console.Out.WriteLineAsync($"damaged segment: {damaged}");
            }

            foreach (var broken in report.Breaks)
            {
                await Console.Out.WriteLineAsync(ReportText.Of(broken));
            }

            await Console.Out.WriteLineAsync($"{report.Accounts} accounts, {report.Entries} rows: {(report.Holds ? "all chains hold" : "NOT all chains hold")}");
            if (report.RolledUp > 0)
            {
                await Console.Out.WriteLineAsync($"{report.RolledUp} lines are rolled up by the minute: their chains were followed when that was done");
            }

            return report.Holds ? 0 : 1;
        }));
        return verify;
    }

    private static Command Query()
    {
        var ledger = Ledger();
        var account = new Option<string>("--account") { Description = "Whose entries.", Required = true };
        var from = new Option<DateTimeOffset?>("--from") { Description = "Only entries at or after this instant." };
        var to = new Option<DateTimeOffset?>("--to") { Description = "Only entries before this instant." };
        var meter = new Option<string?>("--meter") { Description = "Only lines of this meter." };
        var query = new Command("query", "Prints an account's entries, oldest first, one JSON object to a line.") { ledger, account, from, to, meter };
        query.SetAction((parsed, cancellationToken) => TellAsync(async () =>
        {
            using var opened = LedgerAddress.Open(parsed.GetRequiredValue(ledger), toWrite: false);
            using var reader = new LedgerReader(opened.Store);
            var asked = new LedgerQuery
            {
                Account = parsed.GetRequiredValue(account),
                From = parsed.GetValue(from) ?? DateTimeOffset.MinValue,
                To = parsed.GetValue(to) ?? DateTimeOffset.MaxValue,
                Meter = parsed.GetValue(meter),
                MaxRows = RowsAtOnce,
            };
            LedgerRows page;
            do
            {
                page = await reader.ReadAsync(asked, cancellationToken);
                foreach (var row in page.Rows)
                {
                    await Console.Out.WriteLineAsync(ReportText.Of(row));
                }

                asked = page.More ? asked with { After = page.Rows[^1].Sequence, AfterIsRolledUp = page.Rows[^1].FirstSequence is not null } : asked;
            }
            while (page.More);

            return await TellDamagedAsync(page.Damaged);
        }));
        return query;
    }

    private static Command Export()
    {
        var ledger = Ledger();
        var file = new Argument<string>("file") { Description = "Where to: ends in .parquet, .csv or .json." };
        var account = new Option<string?>("--account") { Description = "Only this account." };
        var export = new Command("export", "Writes every entry once into one file, by account and sequence.") { ledger, file, account };
        file.Validators.Add(result =>
        {
            if (!LedgerExport.IsKnown(result.GetValueOrDefault<string>() ?? ""))
            {
                result.AddError("The file must end in .parquet, .csv or .json.");
            }
        });
        export.SetAction((parsed, cancellationToken) => TellAsync(async () =>
        {
            using var opened = LedgerAddress.Open(parsed.GetRequiredValue(ledger), toWrite: false);
            using var reader = new LedgerReader(opened.Store);
            var (rows, damaged) = await reader.ExportAsync(parsed.GetRequiredValue(file), parsed.GetValue(account), cancellationToken);
            await Console.Out.WriteLineAsync($"{rows} rows");
            return await TellDamagedAsync(damaged);
        }));
        return export;
    }

    private static Command Sizes()
    {
        var ledger = Ledger();
        var sizes = new Command("sizes", "Tells how many bytes segments take, by column.") { ledger };
        sizes.SetAction((parsed, cancellationToken) => TellAsync(async () =>
        {
            using var opened = LedgerAddress.Open(parsed.GetRequiredValue(ledger), toWrite: false);
            using var reader = new LedgerReader(opened.Store);
            var found = await reader.SizesAsync(cancellationToken);
            await Console.Out.WriteAsync(found.Text());
            return await TellDamagedAsync(found.Damaged);
        }));
        return sizes;
    }

    private static Command Compact()
    {
        var ledger = Ledger();
        var keep = new Option<TimeSpan?>("--keep") { Description = "Remove what is older, by whole hours: a time as days.hh:mm:ss, at least a day. Nothing is removed without it." };
        var rollUp = new Option<bool>("--roll-up") { Description = "Keep of past hours only sums by the minute, of those too that were merged with every entry. Nothing brings the entries back." };
        var compact = new Command("compact", "Merges the small segments of past hours. Servers do the same by themselves.") { ledger, keep, rollUp };
        keep.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<TimeSpan?>() is { } age && age < Retention.LeastAge)
            {
                result.AddError($"What is kept must be at least {Retention.LeastAge:c}.");
            }
        });
        compact.SetAction((parsed, cancellationToken) => TellAsync(async () =>
        {
            using var opened = LedgerAddress.Open(parsed.GetRequiredValue(ledger), toWrite: true);
            var removed = 0;
            List<string> faults = [];
            if (parsed.GetValue(keep) is { } age)
            {
                var retention = await new Retention(opened.Store, TimeProvider.System).RunAsync(age, static _ => true, cancellationToken);
                removed = retention.Removed;
                faults.AddRange(retention.Faults);
            }

            // The second rounds remove what the first have made others of: whoever reads meanwhile lists again.
            var rollup = new Rollup(opened.Store, TimeProvider.System);
            var scope = parsed.GetValue(rollUp) ? RollupScope.All : RollupScope.Begun;
            var rolledUp = await rollup.RunAsync(scope, static _ => true, rests: false, cancellationToken);
            _ = await rollup.RunAsync(scope, static _ => true, rests: false, cancellationToken);
            faults.AddRange(rolledUp.Faults);
            // One round merges, the next removes what was merged: whoever reads meanwhile lists again.
            var compaction = new Compaction(opened.Store, TimeProvider.System);
            var (merged, written) = (0, 0);
            for (var round = 0; round < MaxRounds; round++)
            {
                var report = await compaction.RunAsync(static _ => true, rests: false, cancellationToken);
                (merged, written) = (merged + report.Merged, written + report.Written);
                faults.AddRange(report.Faults.Except(faults));
                if (report.IsAtRest)
                {
                    break;
                }
            }

            faults.ForEach(static fault => Console.Error.WriteLine($"left as it is: {fault}"));
            await Console.Out.WriteLineAsync($"{merged} segments merged into {written}; {rolledUp.RolledUp} rolled up into {rolledUp.Written}; {removed} removed for their age");
            return faults.Count == 0 ? 0 : 1;
        }));
        return compact;
    }

    private static Argument<string> Ledger() => new("ledger") { Description = LedgerAddress.Words };

    private static async Task<int> TellDamagedAsync(IReadOnlyList<string> damaged)
    {
        foreach (var segment in damaged)
        {
            await Console.Error.WriteLineAsync($"damaged segment, not read: {segment}");
        }

        return damaged.Count == 0 ? 0 : 1;
    }

    private static async Task<int> TellAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (LedgerStoreException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return 1;
        }
    }
}
