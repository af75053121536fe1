namespace Metering.Gateway.Security;

/// <summary>Names, or prefixes and <c>*</c>. Without any, every name fits.</summary>
internal sealed class NamePatterns
{
    private const char Any = '*';

    public static readonly NamePatterns All = new([]);

    /// <summary>No name fits.</summary>
    public static readonly NamePatterns None = new([]) { FitsAll = false };

    private readonly string[] _patterns;

    public NamePatterns(IEnumerable<string> patterns)
    {
        // In the order of the names that fit, each once: what another pattern covers is left out.
        var all = patterns.Distinct(StringComparer.Ordinal).ToList();
        FitsAll = all.Count == 0;
        _patterns = [.. all.Where(pattern => !all.Any(other => other != pattern && Covers(other, pattern))).OrderBy(static pattern => pattern.TrimEnd(Any), StringComparer.Ordinal)];
    }

    public bool FitsAll { get; private init; }

    /// <summary>No two of them fit the same name, and the names of one come before all those of the next, in ordinal order.</summary>
    public IReadOnlyList<string> Patterns => _patterns;

    public bool Fits(string name)
    {
        foreach (var pattern in _patterns)
        {
            if (IsPrefix(pattern) ? name.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : name == pattern)
            {
                return true;
            }
        }

        return FitsAll;
    }

    public static bool IsPrefix(string pattern) => pattern[^1] == Any;

    private static bool Covers(string pattern, string other) => IsPrefix(pattern) && other.TrimEnd(Any).StartsWith(pattern[..^1], StringComparison.Ordinal);
}
