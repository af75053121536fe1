using Metering.Contracts;

namespace Metering.Silo.Ledger;

/// <summary>Adds up the usage of partitions, row by row of the same window and group.</summary>
internal sealed class UsageMerge(UsageRequest request)
{
    private readonly Dictionary<Key, UsageRow> _rows = [];
    private readonly List<string> _damaged = [];
    private LedgerDetail _detail = LedgerDetail.Full;

    internal int Count => _rows.Count;

    internal void Add(UsageReply reply)
    {
        _damaged.AddRange(reply.Damaged);
        _detail = reply.Detail == LedgerDetail.Rollup ? LedgerDetail.Rollup : _detail;
        foreach (var row in reply.Rows)
        {
            var key = new Key(row.From, row.Groups);
            _rows[key] = _rows.TryGetValue(key, out var sum)
                ? sum with { Quantity = sum.Quantity + row.Quantity, Credits = sum.Credits + row.Credits, Lines = sum.Lines + row.Lines }
                : row;
        }
    }

    internal UsageReply Reply()
    {
        var rows = _rows.Values.OrderBy(static row => row.From).ThenBy(static row => row.Groups, GroupOrder.Instance);
        return new UsageReply
        {
            Rows = [.. request.Top is { } top ? rows.OrderByDescending(Measure).Take(top) : rows],
            Source = UsageSource.Segments,
            Damaged = _damaged,
            Detail = _detail,
        };
    }

    private decimal Measure(UsageRow row) => request.By switch
    {
        UsageMeasure.Credits => row.Credits,
        UsageMeasure.Quantity => row.Quantity,
        UsageMeasure.Lines => row.Lines,
    };

    private readonly struct Key(DateTimeOffset from, IReadOnlyList<string?> groups) : IEquatable<Key>
    {
        private DateTimeOffset From => from;

        private IReadOnlyList<string?> Groups => groups;

        public bool Equals(Key other) => from == other.From && groups.SequenceEqual(other.Groups, StringComparer.Ordinal);

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.Add(from);
            foreach (var group in groups)
            {
                hash.Add(group, StringComparer.Ordinal!);
            }

            return hash.ToHashCode();
        }
    }

    /// <summary>Group by group, what is missing first.</summary>
    private sealed class GroupOrder : IComparer<IReadOnlyList<string?>>
    {
        internal static GroupOrder Instance { get; } = new();

        public int Compare(IReadOnlyList<string?>? x, IReadOnlyList<string?>? y) =>
            x!.Zip(y!, static (one, other) => string.CompareOrdinal(one, other)).FirstOrDefault(static order => order != 0);
    }
}
