namespace Metering.LoadTest.Run;

/// <summary>From a plan to a verdict: make accounts, send, compare, report.</summary>
internal sealed class LoadTestRun(LoadPlan plan, LoadConsole console)
{
    /// <summary>What was measured; it is right when every acknowledged charge is in its account once and no outcome stayed unknown.</summary>
    /// <exception cref="LoadException">The run could not be made; the message says why.</exception>
    /// <param name="port">Where other processes join; 0 takes a free port.</param>
    /// <param name="files">Where reports go, each if it is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<LoadReport> RunAsync(int port, (string? Json, string? Html) files, CancellationToken cancellationToken)
    {
        using var session = await LoadSession.OpenAsync(plan, cancellationToken);
        console.Say($"run {plan.Run}: {plan.Accounts:N0} accounts at {plan.Targets[0]}");
        await session.PrepareAsync(cancellationToken);
        var record = new LoadRecord();
        await using var others = await Coordinator.GatherAsync(plan, port, console, cancellationToken);
        var run = new LoadRun(plan, session.Pattern, session.Totals, process: 0);
        var result = await others.RunAsync(
            run, session.Totals, sample => console.ShowSecond(plan, record.Add(sample)), cancellationToken);
        console.Say("Comparing the accounts …");
        var report = new LoadReport(plan, record, result, await session.CheckAsync(cancellationToken));
        console.Show(report);
        if (files.Json is { } json)
        {
            await JsonReport.WriteAsync(report, json, cancellationToken);
        }

        if (files.Html is { } html)
        {
            await HtmlReport.WriteAsync(report, html, cancellationToken);
        }

        return report;
    }
}
