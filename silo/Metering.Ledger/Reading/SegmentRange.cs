using System.Globalization;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>Which segments a question is about.</summary>
/// <param name="Partition">Null for all.</param>
/// <param name="From">Those that may have entries at or after this.</param>
/// <param name="To">And before this.</param>
internal sealed record SegmentRange(int? Partition, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>With more days it is asked for months: a request for each day takes longer than the names of other days.</summary>
    private const int MaxDaysListed = 7;

    /// <summary>With more months it is asked for all.</summary>
    private const int MaxMonthsListed = 24;

    internal static SegmentRange All { get; } = new(null, DateTimeOffset.MinValue, DateTimeOffset.MaxValue);

    /// <summary>The same of some of its hours.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="last">The last.</param>
    internal SegmentRange Hours(DateTimeOffset first, DateTimeOffset last) => this with { From = first, To = last.AddHours(1) };

    /// <summary>Names in order. The store is only asked for the days or months of the range: a ledger of years has hundreds of thousands.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    internal async Task<IReadOnlyList<SegmentName>> ListAsync(ISegmentStore store, CancellationToken cancellationToken)
    {
        var segments = new List<SegmentName>();
        foreach (var prefix in Prefixes())
        {
            foreach (var name in await store.ListAsync(prefix, cancellationToken))
            {
                if (SegmentName.TryParse(name, out var segment) && Has(segment))
                {
                    segments.Add(segment);
                }
            }
        }

        return segments;
    }

    private bool Has(SegmentName segment) => (Partition is null || segment.Partition == Partition) && segment.End > From && segment.Hour < To;

    private IEnumerable<string> Prefixes()
    {
        if (To <= From)
        {
            return [];
        }

        var (first, last) = (From.UtcDateTime.Date, To.UtcDateTime.AddTicks(-1).Date);
        var days = (last - first).Days + 1;
        var months = ((last.Year - first.Year) * 12) + last.Month - first.Month + 1;
        return days <= MaxDaysListed ? Enumerable.Range(0, days).Select(day => string.Create(CultureInfo.InvariantCulture, $"date={first.AddDays(day):yyyy-MM-dd}/"))
            : months <= MaxMonthsListed ? Enumerable.Range(0, months).Select(month => string.Create(CultureInfo.InvariantCulture, $"date={first.AddMonths(month):yyyy-MM}-"))
            : ["date="];
    }
}
