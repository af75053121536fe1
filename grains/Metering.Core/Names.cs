using System.Buffers;

namespace Metering.Core;

/// <summary>
/// What things are called: ids of accounts, grants and charges, meters, prices, cards, budgets and dimensions are all
/// 1–<see cref="MaxLength"/> of <c>A-Z a-z 0-9 . _ : -</c>. None of these needs escaping in a path, a key or a file name.
/// </summary>
public static class Names
{
    public const int MaxLength = 128;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    public static bool IsName(string? text) => text is { Length: > 0 and <= MaxLength } && HasOnlyAllowed(text);

    /// <summary>True for a name, and for the beginning of one followed by <c>*</c>; <c>*</c> alone stands for every name.</summary>
    public static bool IsPattern(string? text) =>
        text is { Length: > 0 and <= MaxLength } && HasOnlyAllowed(text[^1] == '*' ? text.AsSpan(0, text.Length - 1) : text);

    internal static bool HasOnlyAllowed(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Allowed);
}
