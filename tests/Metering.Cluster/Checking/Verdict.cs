using System.Globalization;

namespace Metering.Cluster.Checking;

/// <summary>What became of a run: what its callers were told, against what the accounts say.</summary>
/// <param name="Operations">Asked for, under an id each.</param>
/// <param name="Acknowledged">Told to be done.</param>
/// <param name="Lost">Told to be done, and not there.</param>
/// <param name="Doubled">There more than once, or without anybody having asked.</param>
/// <param name="Faults">Everything that is not as it must be, in words.</param>
internal sealed record Verdict(int Operations, int Acknowledged, int Lost, int Doubled, IReadOnlyList<string> Faults)
{
    private const int MaxShown = 20;

    public bool IsClean => Lost == 0 && Doubled == 0 && Faults.Count == 0;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Operations:N0} operations, {Acknowledged:N0} acknowledged, {Lost} lost, {Doubled} doubled")
        + (Faults.Count == 0 ? "" : $"; {Faults.Count} faults:{Environment.NewLine}{string.Join(Environment.NewLine, Faults.Take(MaxShown))}");
}
