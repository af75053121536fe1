using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;

namespace Metering.Ledger.States;

/// <summary>
/// The name of a kept state: <c>_states/partition-0007/9c1f…/000000000100417-2026-11-23T02-15-30-1234567.state</c>, that is the partition and the hash of its account, and the sequence and the instant (UTC) of its last entry. Names of an
/// account sort by sequence.
/// </summary>
/// <remarks>By the hash, because an id may be longer than the names of files, and differ from another only in ways that not every disk tells apart. Which account a state is of, its bytes say.</remarks>
/// <param name="Partition">The account's.</param>
/// <param name="AccountHash">XxHash128 of its id, in hexadecimal digits.</param>
/// <param name="Sequence">Of its last entry.</param>
/// <param name="At">When that happened.</param>
internal sealed partial record StateName(int Partition, string AccountHash, long Sequence, DateTimeOffset At)
{
    /// <summary>The folder of all states.</summary>
    internal const string Root = "_states/";

    private const string InstantFormat = "yyyy-MM-ddTHH-mm-ss-fffffff";

    /// <summary>Without a leading slash.</summary>
    internal string Path => string.Create(
        CultureInfo.InvariantCulture, $"{Root}partition-{Partition:0000}/{AccountHash}/{Sequence:000000000000000}-{At.UtcDateTime.ToString(InstantFormat, CultureInfo.InvariantCulture)}.state");

    internal static StateName Of(string account, int partition, long sequence, DateTimeOffset at) => new(partition, HashOf(account), sequence, at);

    /// <summary>The folder of an account's states.</summary>
    internal static string Folder(string account, int partition) => string.Create(CultureInfo.InvariantCulture, $"{Root}partition-{partition:0000}/{HashOf(account)}/");

    /// <summary>Reads a name; false for any other file.</summary>
    internal static bool TryParse(string path, out StateName name)
    {
        var match = Pattern().Match(path);
        name = null!;
        if (!match.Success || !DateTimeOffset.TryParseExact(match.Groups["at"].ValueSpan, InstantFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return false;
        }

        name = new StateName(
            int.Parse(match.Groups["partition"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture),
            match.Groups["account"].Value,
            long.Parse(match.Groups["sequence"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture),
            at);
        return true;
    }

    private static string HashOf(string account) => Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(account)));

    [GeneratedRegex("^_states/partition-(?<partition>[0-9]{4})/(?<account>[0-9a-f]{32})/(?<sequence>[0-9]{15,18})-(?<at>[0-9T-]{27})[.]state$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
