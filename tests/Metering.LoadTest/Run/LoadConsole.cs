using System.Globalization;
using Spectre.Console;

namespace Metering.LoadTest.Run;

/// <summary>What a run prints: a line for each second while it runs, then the tables.</summary>
internal sealed class LoadConsole(IAnsiConsole console)
{
    public void Say(FormattableString line) => console.Profile.Out.Writer.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    public void Say(string line) => console.Profile.Out.Writer.WriteLine(line);

    public void ShowSecond(LoadPlan plan, Second second)
    {
        // With several processes a second is complete when the last of them has told of it.
        if (second.Samples == plan.Processes && second.IsWhole)
        {
            Say($"{second.Number,4} s {(second.IsWarmUp ? "warm-up" : "       ")} {second.ChargesPerSecond,11:N0} charges/s  p50 {second.Milliseconds(50),8:F2}  p99 {second.Milliseconds(99),8:F2}  max {second.Milliseconds(100),8:F2} ms{(second.Refused > 0 ? $"  {second.Refused:N0} refused" : "")}");
        }
    }

    public void Show(LoadReport report)
    {
        var (plan, record, result, check) = (report.Plan, report.Record, report.Result, report.Check);
        Say($"{record.Charged:N0} charges in {record.MeasuredSeconds:F1} s = {record.ChargesPerSecond:N0}/s; {record.Refused:N0} refused, {result.Resent:N0} calls sent again, {result.Unsent:N0} charges due and not sent; client CPU {result.CpuSeconds:F1} s");
        foreach (var (code, count) in result.Refused.OrderByDescending(pair => pair.Value))
        {
            Say($"  refused, warm-up included: {count:N0} {code}");
        }

        if (result.Refused.Count > 0)
        {
            Say($"  from sending to a refusal: p50 {result.RefusalMilliseconds(50):F2}, p99 {result.RefusalMilliseconds(99):F2}, max {result.RefusalMilliseconds(100):F2} ms");
        }

        var latency = new Table().Title(plan.ChargesPerSecond is null
            ? "Latency, milliseconds, from sending to the answer"
            : "Latency, milliseconds, from when it was due to the answer");
        foreach (var percentile in LoadReport.Percentiles)
        {
            latency.AddColumn(new TableColumn(LoadReport.NameOf(percentile)).RightAligned());
        }

        console.Write(latency.AddRow([.. LoadReport.Percentiles.Select(percentile => FormattableString.Invariant($"{report.Milliseconds(percentile):F2}"))]));
        foreach (var line in check.Wrong)
        {
            Say($"  {line}");
        }

        if (result.Open > 0)
        {
            Say($"{result.Open:N0} charges have no known outcome: the server did not answer before the run gave up.");
        }

        if (check.Untold > 0)
        {
            Say($"{check.Untold:N0} charges were sent again when their account remembered no ids of that time any more: it refused them, and may or may not have had them.");
        }

        if (result.Repeated > 0)
        {
            Say($"{result.Repeated:N0} charges were answered as a repeat: an attempt before had landed.");
        }

        Say(report.IsRight
            ? $"Every acknowledged charge is in its account exactly once: {check.Charges:N0} charges, {check.Accounts:N0} of {check.Accounts:N0} accounts agree; lost 0, doubled 0."
            : (FormattableString)$"WRONG: {check.WrongAccounts:N0} of {check.Accounts:N0} accounts differ; lost {check.Lost:N0}, doubled {check.Doubled:N0}.");
    }
}
