using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests;

/// <summary>Alerts and dashboard; that what they ask for is told by the processes, <see cref="ServingTests"/> shows.</summary>
public sealed class MonitoringTests
{
    [Fact]
    public async Task Prometheus_accepts_the_rules()
    {
        var file = Path.GetTempFileName();
        try
        {
            // JSON is YAML.
            await File.WriteAllTextAsync(file, Monitoring.Rules(Installations.Of("dev")).ToJsonString(), TestContext.Current.CancellationToken);
            if (!await Promtool.CheckAsync(["check", "rules", file], ""))
            {
                Assert.Skip("promtool is missing: run ./test once, which installs it, or install Prometheus.");
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Every_alert_says_what_is_wrong_and_what_to_do() => Assert.All(Monitoring.Alerts(Installations.Of("dev")), static alert =>
    {
        Assert.StartsWith("Metering", alert["alert"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains(alert["labels"]!["severity"]!.GetValue<string>(), new[] { "critical", "warning" });
        Assert.NotEmpty(alert["annotations"]!["summary"]!.GetValue<string>());
        Assert.True(alert["annotations"]!["action"]!.GetValue<string>().Length > 40, $"{alert["alert"]} should say what to do.");
    });

    [Fact]
    public void What_silos_scale_by_on_AKS_is_told_by_them_and_by_the_adapter()
    {
        var scaler = Installations.Of("azure").Of<V2HorizontalPodAutoscaler>().Single(static scaler => scaler.Name() == "silo").Spec;
        var metric = Assert.Single(scaler.Metrics, static metric => metric.Type == "Pods").Pods;
        var rules = Yaml.Documents(Repository.Read("k8s/monitoring/adapter-values.yaml")).Single()["rules"]!["custom"]!.AsArray();

        Assert.Contains(scaler.Metrics, static metric => metric.Resource?.Name == "cpu");
        Assert.True(metric.Target is { Type: "AverageValue", AverageValue: not null } && metric.Target.AverageValue.ToDecimal() > 0);
        var rule = Assert.Single(rules, rule => rule!["name"]!["as"]!.GetValue<string>() == metric.Metric.Name)!;
        Assert.StartsWith($"{metric.Metric.Name}{{", rule["seriesQuery"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains(metric.Metric.Name, Monitoring.Watched(Installations.Of("azure")));
    }

    [Fact]
    public void Every_panel_has_a_place_of_its_own_and_says_what_it_shows()
    {
        var panels = Monitoring.Panels(Installations.Of("dev"));

        Assert.All(panels, static panel => Assert.NotEmpty(panel["description"]!.GetValue<string>()));
        Assert.Equal(panels.Count, panels.Select(static panel => panel["gridPos"]!.ToJsonString()).Distinct().Count());
        Assert.Equal(panels.Count, panels.Select(static panel => panel["id"]!.GetValue<int>()).Distinct().Count());
    }

    [Fact]
    public async Task Expressions_of_the_dashboard_are_ones_that_Prometheus_understands()
    {
        // promtool reads rules only: each expression becomes one, with the range that Grafana would fill in.
        var rules = string.Join('\n', Monitoring.Expressions(Installations.Of("dev")).Select(static (expression, i) =>
            $"  - record: panel:{i}\n    expr: {System.Text.Json.JsonSerializer.Serialize(expression.Replace("$__rate_interval", "1m", StringComparison.Ordinal))}"));
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, $"groups:\n- name: panels\n  rules:\n{rules}\n", TestContext.Current.CancellationToken);
            if (!await Promtool.CheckAsync(["check", "rules", file], ""))
            {
                Assert.Skip("promtool is missing: run ./test once, which installs it, or install Prometheus.");
            }
        }
        finally
        {
            File.Delete(file);
        }
    }
}
