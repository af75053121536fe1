using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Metering.LoadTest.Run;

/// <param name="Name">For the legend.</param>
/// <param name="Color">As CSS has it.</param>
/// <param name="Value">Of a second.</param>
internal sealed record ChartLine(string Name, string Color, Func<Second, double> Value);

/// <summary>A drawing area in SVG: axes, and where values lie between them.</summary>
internal static class ChartArea
{
    public const int Width = 920;
    public const int Height = 280;
    public const int Left = 70;
    public const int Right = 12;
    public const int Top = 12;
    public const int Bottom = 28;

    private const int Steps = 4;

    public static double X(double share) => Left + (share * (Width - Left - Right));

    public static double Y(double share) => Height - Bottom - (share * (Height - Top - Bottom));

    /// <summary>The next of 1, 2, 5, 10, 20, … that is not below a value: the end of an axis.</summary>
    public static double RoundUp(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1e-3))));
        return new[] { 1d, 2d, 5d, 10d }.Select(step => step * power).First(end => end >= value);
    }

    public static void Open(StringBuilder svg, double most, string data)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" data-x='{WebUtility.HtmlEncode(data)}'>");
        for (var step = 0; step <= Steps; step++)
        {
            var y = Y(step / (double)Steps);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:F1}\" y2=\"{y:F1}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{most * step / Steps:#,0.##}</text>");
        }
    }

    public static void Label(StringBuilder svg, double x, string text) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{Height - 8}\" text-anchor=\"middle\">{text}</text>");

    public static void Line(StringBuilder svg, string color, IEnumerable<(double X, double Y)> points) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" points=\"{string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:F1},{point.Y:F1}")))}\"/>");
}

/// <summary>Values over the seconds of a run; the warm-up is shaded.</summary>
internal static class LineChart
{
    private const int MaxLabels = 12;

    public static string Draw(IReadOnlyList<ChartLine> lines, IReadOnlyList<Second> seconds)
    {
        if (seconds.Count == 0)
        {
            return "";
        }

        var most = ChartArea.RoundUp(lines.Max(line => seconds.Max(line.Value)));
        var last = Math.Max(seconds[^1].Number, 1);
        var hints = seconds.Select(second => new object[]
        {
            Math.Round(X(second), 1),
            FormattableString.Invariant($"second {second.Number}: {string.Join(", ", lines.Select(line => FormattableString.Invariant($"{line.Name} {line.Value(second):#,0.##}")))}"),
        });
        var svg = new StringBuilder();
        ChartArea.Open(svg, most, JsonSerializer.Serialize(hints));
        if (seconds.LastOrDefault(second => second.IsWarmUp) is { } warm)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{ChartArea.Left}\" y=\"{ChartArea.Top}\" width=\"{X(warm) - ChartArea.Left:F1}\" height=\"{ChartArea.Height - ChartArea.Top - ChartArea.Bottom}\" fill=\"#f3f4f6\"/>");
        }

        for (var number = 0; number <= last; number += Math.Max(1, last / MaxLabels))
        {
            ChartArea.Label(svg, ChartArea.X(number / (double)last), FormattableString.Invariant($"{number} s"));
        }

        foreach (var line in lines)
        {
            ChartArea.Line(svg, line.Color, seconds.Select(second => (X(second), ChartArea.Y(line.Value(second) / most))));
        }

        svg.Append("</svg><p class=\"legend\">");
        foreach (var line in lines)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<span><i style=\"background:{line.Color}\"></i>{line.Name}</span>");
        }

        return svg.Append("</p>").ToString();

        double X(Second second) => ChartArea.X(second.Number / (double)last);
    }
}

/// <summary>Latency by percentile, on the scale where each nine takes the same room: the tail is what matters.</summary>
internal static class PercentileChart
{
    private const double Nines = 5;
    private const int Points = 200;

    public static string Draw(LoadReport report)
    {
        var points = Enumerable.Range(0, Points + 1).Select(i =>
        {
            var share = i / (double)Points;
            var percentile = 100 * (1 - Math.Pow(10, -Nines * share));
            return (Share: share, Percentile: percentile, Milliseconds: report.Milliseconds(percentile));
        }).ToList();
        var most = ChartArea.RoundUp(points.Max(point => point.Milliseconds));
        var hints = points.Select(point => new object[]
        {
            Math.Round(ChartArea.X(point.Share), 1), FormattableString.Invariant($"p{point.Percentile:0.####}: {point.Milliseconds:F2} ms"),
        });
        var svg = new StringBuilder();
        ChartArea.Open(svg, most, JsonSerializer.Serialize(hints));
        for (var nine = 0; nine <= Nines; nine++)
        {
            ChartArea.Label(svg, ChartArea.X(nine / Nines), FormattableString.Invariant($"p{100 * (1 - Math.Pow(10, -nine)):0.####}"));
        }

        ChartArea.Line(svg, "#7c3aed", points.Select(point => (ChartArea.X(point.Share), ChartArea.Y(point.Milliseconds / most))));
        return svg.Append("</svg><p class=\"legend muted\">each step to the right is another nine</p>").ToString();
    }
}
