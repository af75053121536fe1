using Metering.Contracts;

namespace Metering.Gateway.Routing.Lanes;

/// <summary>How much goes to a silo at once, and how much may wait for it.</summary>
internal static class LaneLimits
{
    /// <summary>
    /// Lanes to each silo, and so messages under way to it: enough that it reads one while it decides another and the store writes for a third; more would only be smaller.
    /// </summary>
    public const int LanesPerSilo = 4;

    /// <summary>
    /// Charges of one message. What a message costs by itself is then shared by enough, and a silo that all lanes of several gateways lead to is through with all of it
    /// well within the time of an attempt.
    /// </summary>
    public const int MaxChargesPerMessage = 2_048;

    /// <summary>Bytes of one message, as <see cref="Bytes"/> counts them; a single charge may be larger.</summary>
    public const int MaxBytesPerMessage = 1_024 * 1_024;

    /// <summary>Bytes waiting in one lane, as <see cref="Bytes"/> counts them; whoever is first in it may bring more.</summary>
    public const int MaxBytesPerLane = 4 * 1_024 * 1_024;

    /// <summary>A part of a batch that is no larger than this, such as any single charge of ordinary size, is small.</summary>
    public const int MaxBytesOfSmallPart = 4 * 1_024;

    /// <summary>
    /// What small parts may bring beyond <see cref="MaxBytesPerLane"/>: one caller with large batches fills a lane as often as there is room in it, and single charges of the others
    /// would seldom find any.
    /// </summary>
    public const int MaxBytesForSmallParts = 512 * 1_024;

    private const int BytesPerCharge = 64;
    private const int BytesPerLine = 32;
    private const int BytesPerDimension = 8;

    /// <summary>How much may wait in a lane once a part of that size is in it.</summary>
    public static int MaxBytesWith(int part) => part <= MaxBytesOfSmallPart ? MaxBytesPerLane + MaxBytesForSmallParts : MaxBytesPerLane;

    /// <summary>About what a charge takes in a message. It need not be exact: it keeps small charges and the largest from being counted alike.</summary>
    public static int Bytes(in RoutedCharge routed)
    {
        var charge = routed.Charge;
        var bytes = BytesPerCharge + routed.Account.Length + charge.Id.Length;
        for (var i = 0; i < charge.Lines.Count; i++)
        {
            var line = charge.Lines[i];
            bytes += BytesPerLine + line.Meter.Length;
            if (line.Dimensions.Count > 0)
            {
                foreach (var (name, value) in line.Dimensions)
                {
                    bytes += BytesPerDimension + name.Length + value.Length;
                }
            }
        }

        return bytes;
    }
}
