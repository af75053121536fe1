using System.Globalization;
using Spectre.Console;

namespace Metering.LoadTest;

/// <summary>What a replay prints: progress while it runs, then speed, latency and the comparison.</summary>
internal sealed class ReplayReport(IAnsiConsole console)
{
    private const int MaxAccountsShown = 20;
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(100);
    private static readonly decimal[] Percentiles = [50m, 90m, 95m, 99m, 99.9m];

    public void Say(string line) => console.Profile.Out.Writer.WriteLine(line);

    /// <summary>A bar on a terminal, plain lines anywhere else.</summary>
    public Task FollowAsync(Task work, ReplayRun run, int total) => console.Profile.Out.IsTerminal
        ? console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask("charges", maxValue: total);
                await PollAsync(work, BarInterval, () => bar.Value = run.Done);
            })
        : PollAsync(work, PlainInterval, () => Say(Invariant($"{run.Done:N0} of {total:N0} charges after {run.Elapsed.TotalSeconds:F1} s")));

    public void ShowSpeed(ReplayRun run, int retries)
    {
        var perSecond = run.Done / Math.Max(run.Elapsed.TotalSeconds, 0.001);
        Say(Invariant($"{run.Done:N0} charges in {run.Elapsed.TotalSeconds:F2} s = {perSecond:N0}/s: {run.Charged:N0} charged, {run.Replayed:N0} replayed, {run.Refused:N0} refused; {retries:N0} sent again"));
        foreach (var reason in run.Reasons)
        {
            Say($"  refused: {reason}");
        }

        var latency = run.LatencyMicroseconds;
        var table = new Table().Title("Latency, milliseconds");
        foreach (var percentile in Percentiles)
        {
            table.AddColumn(new TableColumn(Invariant($"p{percentile}")).RightAligned());
        }

        table.AddColumn(new TableColumn("max").RightAligned());
        console.Write(table.AddRow([
            .. Percentiles.Select(percentile => Milliseconds(latency.GetValueAtPercentile((double)percentile))),
            Milliseconds(latency.GetValueAtPercentile(100))]));
    }

    /// <summary>Compares to the ninth decimal; true when every account agrees.</summary>
    public bool ShowComparison(ReplayCheck check, ReplayAccounts accounts, decimal[] balances)
    {
        var prices = new Table().Title("Expected, by price").AddColumns("price", "accounts", "tokens", "tiers reached", "credits");
        foreach (var price in check.Totals())
        {
            prices.AddRow(
                price.Price, Invariant($"{price.Accounts}"), Invariant($"{price.Quantity:N0}"), $"{price.LowestTier}–{price.HighestTier}", Credits(price.Credits));
        }

        console.Write(prices);
        var differing = Enumerable.Range(0, accounts.Count).Where(account => Charged(balances[account]) != check.Expected[account]).ToList();
        var table = new Table().Title("Charged, by account").AddColumns("account", "expected", "charged", "difference");
        foreach (var account in differing.Take(MaxAccountsShown))
        {
            AddRow(table, accounts.NameOf(account), check.Expected[account], Charged(balances[account]));
        }

        AddRow(table, $"all {accounts.Count}", check.Expected.Sum(), balances.Sum(Charged));
        console.Write(table);
        Say(differing.Count == 0
            ? $"Every account was charged exactly what the trace costs: {accounts.Count} of {accounts.Count} agree."
            : $"{differing.Count} of {accounts.Count} accounts were not charged what the trace costs. If something else charged them, replay with another --run.");
        return differing.Count == 0;
    }

    private static decimal Charged(decimal balance) => ReplayAccounts.GrantedCredits - balance;

    private static void AddRow(Table table, string name, decimal expected, decimal charged) =>
        table.AddRow(Markup.Escape(name), Credits(expected), Credits(charged), Credits(charged - expected));

    private static string Credits(decimal value) => value.ToString("#,0.#########", CultureInfo.InvariantCulture);

    private static string Milliseconds(long microseconds) => Invariant($"{microseconds / 1000m:F2}");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static async Task PollAsync(Task work, TimeSpan interval, Action show)
    {
        while (await Task.WhenAny(work, Task.Delay(interval)) != work)
        {
            show();
        }

        show();
        await work;
    }
}
