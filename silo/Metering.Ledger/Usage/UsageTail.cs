using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Usage;

/// <summary>Usage of entries that may not be in segments yet, summed as it is read; and which entries they are, so that none of them counts once more.</summary>
/// <param name="query">What is summed.</param>
public sealed class UsageTail(UsageQuery query)
{
    /// <summary>More windows and groups than this are refused: they are in memory.</summary>
    public const int MaxSums = 1_000_000;

    private readonly Dictionary<UsageKey, UsageSum> _sums = [];
    private readonly Dictionary<string, long> _starts = new(StringComparer.Ordinal);
    private readonly List<LedgerRow> _rows = [];

    /// <summary>The last record that is wholly in segments: entries of later ones are here.</summary>
    public long After { get; set; } = long.MaxValue;

    /// <summary>Where the ledger of an account ends, for a tail that is read from before that: earlier entries are passed over then. Nothing is when null.</summary>
    public Archiving.PartitionArchive? Archive { get; init; }

    internal IReadOnlyDictionary<UsageKey, UsageSum> Sums => _sums;

    /// <summary>Of each account, the first entry that is here.</summary>
    internal IReadOnlyDictionary<string, long> Starts => _starts;

    /// <summary>Whether there was more than may be.</summary>
    internal bool IsOverfull { get; private set; }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _sums.Clear();
        _starts.Clear();
        IsOverfull = false;
    }

    /// <summary>Takes the next entry of an account.</summary>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    public void Take(string account, ReadOnlySpan<byte> entry)
    {
        var sequence = Entry.PeekSequence(entry);
        if (Archive is { } archive && archive.TryHead(account, out var head) && sequence <= head.Sequence)
        {
            return;
        }

        _starts.TryAdd(account, sequence);
        _rows.Clear();
        EntryRows.AddUsage(account, entry, _rows);
        foreach (var row in _rows.Where(query.Matches))
        {
            Add(row);
        }
    }

    private void Add(LedgerRow row)
    {
        var key = new UsageKey(query.Window.Number(row.At), [.. query.Groups.Select(group => Value(row, group))]);
        if (!_sums.TryGetValue(key, out var sum) && _sums.Count == MaxSums)
        {
            IsOverfull = true;
            return;
        }

        var isBack = row.Kind == EntryKind.Reversed;
        var quantity = (row.Quantity ?? Quantity.Zero).Value;
        _sums[key] = new UsageSum(sum.Quantity + (isBack ? -quantity : quantity), sum.Credits - row.Credits!.Value.Value, sum.Lines + (isBack ? 0 : 1));
    }

    private static string? Value(LedgerRow row, UsageGroup group) => group.Kind switch
    {
        UsageGroupKind.Account => row.Account,
        UsageGroupKind.Meter => row.Meter ?? "",
        UsageGroupKind.Dimension => Value(row.Dimensions, group.Dimension),
    };

    private static string? Value(IReadOnlyList<Dimension> dimensions, string name)
    {
        for (var i = 0; i < dimensions.Count; i++)
        {
            if (dimensions[i].Name == name)
            {
                return dimensions[i].Value;
            }
        }

        return null;
    }
}

/// <summary>What was used in a window by a group.</summary>
internal readonly record struct UsageSum(decimal Quantity, decimal Credits, long Lines);

/// <summary>A window and a group.</summary>
internal readonly struct UsageKey(long window, string?[] groups) : IEquatable<UsageKey>
{
    internal long Window => window;

    internal IReadOnlyList<string?> Groups => groups;

    public bool Equals(UsageKey other) => window == other.Window && groups.AsSpan().SequenceEqual(((string?[])other.Groups).AsSpan());

    public override bool Equals(object? obj) => obj is UsageKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(window);
        foreach (var group in groups)
        {
            hash.Add(group, StringComparer.Ordinal!);
        }

        return hash.ToHashCode();
    }
}
