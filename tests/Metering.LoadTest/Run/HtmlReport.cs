using System.Globalization;
using System.Net;
using System.Text;

namespace Metering.LoadTest.Run;

/// <summary>A report for people: one file, which needs nothing else to be shown.</summary>
internal static class HtmlReport
{
    private const string Style =
        """
        body{font:14px/1.5 system-ui,sans-serif;color:#1c2430;max-width:960px;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.1rem;margin-top:2rem}.verdict{font-size:1.1rem;padding:.6rem 1rem;border-radius:6px}
        .right{background:#e3f5e9;color:#0c5b2b}.wrong{background:#fde8e8;color:#8d1111}table{border-collapse:collapse}td,th{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #e1e5ea}
        th:first-child,td:first-child{text-align:left}svg{width:100%;height:auto;background:#fff;border:1px solid #e1e5ea;border-radius:6px}
        svg text{font-size:11px;fill:#5b6675}.grid{stroke:#eceff3}.muted{color:#5b6675}.legend span{margin-right:1.2rem}.legend i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}
        """;

    // Shows the numbers of the second under the pointer; without it the charts are the same.
    private const string Script =
        """
        document.querySelectorAll('svg[data-x]').forEach(svg=>{const xs=JSON.parse(svg.dataset.x),out=svg.nextElementSibling,plain=out.textContent;
        svg.addEventListener('mousemove',e=>{const p=svg.createSVGPoint();p.x=e.clientX;p.y=e.clientY;const x=p.matrixTransform(svg.getScreenCTM().inverse()).x;
        let n=0;xs.forEach((v,i)=>{if(Math.abs(v[0]-x)<Math.abs(xs[n][0]-x))n=i});out.textContent=xs[n][1]});svg.addEventListener('mouseleave',()=>out.textContent=plain)});
        """;

    public static Task WriteAsync(LoadReport report, string file, CancellationToken cancellationToken) =>
        File.WriteAllTextAsync(file, Text(report), cancellationToken);

    public static string Text(LoadReport report)
    {
        var (plan, record, result, check) = (report.Plan, report.Record, report.Result, report.Check);
        var seconds = record.Seconds.Where(second => second.IsWhole).ToList();
        var page = new StringBuilder();
        page.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Load test ").Append(Escape(plan.Run)).Append("</title><style>")
            .Append(Style).Append("</style></head><body>");
        page.Append(CultureInfo.InvariantCulture, $"<h1>Load test {Escape(plan.Run)}</h1><p class=\"muted\">{Escape(Describe(plan))}</p>");
        page.Append(report.IsRight
            ? FormattableString.Invariant($"<p class=\"verdict right\">Every acknowledged charge is in its account exactly once: {check.Charges:N0} charges, {check.Accounts:N0} accounts; lost 0, doubled 0.</p>")
            : FormattableString.Invariant($"<p class=\"verdict wrong\">{check.WrongAccounts:N0} of {check.Accounts:N0} accounts differ; lost {check.Lost:N0}, doubled {check.Doubled:N0}; {result.Open:N0} charges without an outcome.</p>"));
        foreach (var wrong in check.Wrong)
        {
            page.Append("<p class=\"wrong\">").Append(Escape(wrong)).Append("</p>");
        }

        Table(page, [
            ("charges per second", $"{record.ChargesPerSecond:N0}"),
            ("charges", $"{record.Charged:N0}"),
            ("measured, s", $"{record.MeasuredSeconds:F1}"),
            ("refused", $"{record.Refused:N0}"),
            ("calls sent again", $"{result.Resent:N0}"),
            ("answered as a repeat", $"{result.Repeated:N0}"),
            ("charges due and not sent", $"{result.Unsent:N0}"),
            ("refusals, p99 from sending, ms", $"{result.RefusalMilliseconds(99):F2}"),
            ("client CPU, s", $"{result.CpuSeconds:F1}"),
            .. result.Refused.OrderByDescending(code => code.Value).Select(code => ($"refused: {code.Key}", (FormattableString)$"{code.Value:N0}")),
        ]);
        page.Append("<h2>Charges per second</h2>");
        page.Append(LineChart.Draw([new("charges per second", "#2563eb", second => second.ChargesPerSecond)], seconds));
        page.Append(CultureInfo.InvariantCulture, $"<h2>Latency by second, ms</h2><p class=\"muted\">{From(plan)}</p>");
        page.Append(LineChart.Draw(
            [
                new("p50", "#16a34a", second => second.Milliseconds(50)),
                new("p99", "#d97706", second => second.Milliseconds(99)),
                new("max", "#dc2626", second => second.Milliseconds(100)),
            ],
            seconds));
        page.Append("<h2>Latency over the whole run, ms</h2>");
        Table(page, [.. LoadReport.Percentiles.Select(percentile => (LoadReport.NameOf(percentile), (FormattableString)$"{report.Milliseconds(percentile):F2}"))]);
        page.Append(PercentileChart.Draw(report));
        page.Append("<script>").Append(Script).Append("</script></body></html>");
        return page.ToString();
    }

    private static string From(LoadPlan plan) => plan.ChargesPerSecond is null
        ? "From sending a call until its answer (closed loop: a stalled server is asked less)."
        : "From the moment a call was due until its answer (open loop: waiting to be sent counts).";

    private static string Describe(LoadPlan plan) => string.Create(
        CultureInfo.InvariantCulture,
        $"{plan.Kind} of {plan.ChargesPerCall} at {(plan.Kind.IsGrpc() ? plan.GrpcTargets : plan.Targets)[0]}; {plan.Processes} process(es) x {plan.Connections} connections x {plan.CallsPerConnection} calls; {(plan.ChargesPerSecond is { } rate ? $"{rate:N0} charges/s asked for" : "closed loop")}; {plan.Accounts:N0} accounts, {plan.Mix}; {(plan.TraceDirectory is null ? "one token a charge" : "usage of a trace")}");

    private static void Table(StringBuilder page, IEnumerable<(string Name, FormattableString Value)> rows)
    {
        page.Append("<table>");
        foreach (var (name, value) in rows)
        {
            page.Append("<tr><td>").Append(Escape(name)).Append("</td><td>").Append(value.ToString(CultureInfo.InvariantCulture)).Append("</td></tr>");
        }

        page.Append("</table>");
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
