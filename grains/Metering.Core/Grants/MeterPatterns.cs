using Metering.Core.Encoding;

namespace Metering.Core.Grants;

/// <summary>Which meters something is for: names, or a prefix and <c>*</c>. None at all means every meter.</summary>
public sealed class MeterPatterns : IEquatable<MeterPatterns>
{
    private readonly string[] _patterns;

    private MeterPatterns(string[] patterns) => _patterns = patterns;

    public static MeterPatterns All { get; } = new([]);

    public IReadOnlyList<string> Patterns => _patterns;

    public bool IsAll => _patterns.Length == 0;

    public static MeterPatterns From(IEnumerable<string> patterns)
    {
        var array = patterns.ToArray();
        return array.Length == 0 ? All : new MeterPatterns(array);
    }

    public bool Fit(string meter)
    {
        if (IsAll)
        {
            return true;
        }

        foreach (var pattern in _patterns)
        {
            if (pattern.EndsWith('*') ? meter.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : pattern == meter)
            {
                return true;
            }
        }

        return false;
    }

    public bool Equals(MeterPatterns? other) => other is not null && _patterns.AsSpan().SequenceEqual(other._patterns);

    public override bool Equals(object? obj) => Equals(obj as MeterPatterns);

    public override int GetHashCode() => _patterns.Length == 0 ? 0 : HashCode.Combine(_patterns.Length, _patterns[0]);

    internal void Write(ByteWriter writer)
    {
        writer.Count(_patterns.Length);
        foreach (var pattern in _patterns)
        {
            writer.Text(pattern);
        }
    }

    internal static MeterPatterns Read(ref ByteReader reader)
    {
        var patterns = new string[reader.Count()];
        for (var i = 0; i < patterns.Length; i++)
        {
            patterns[i] = reader.Text();
        }

        return patterns.Length == 0 ? All : new MeterPatterns(patterns);
    }
}
