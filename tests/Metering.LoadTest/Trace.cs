using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Metering.LoadTest;

/// <summary>
/// The calls of both services in the order they were made, spread over accounts by a rule that looks at nothing but the
/// row: row r of a file goes to account r modulo the number of accounts. So every account sees both services, and
/// anybody with the two files can say what it must have been charged.
/// </summary>
internal sealed class Trace
{
    private const string Heading = "TIMESTAMP,ContextTokens,GeneratedTokens";
    private const string TimestampFormat = "yyyy-MM-dd HH:mm:ss.FFFFFFF";
    private static readonly string[] Services = ["code", "conv"];

    private Trace(IReadOnlyList<TraceCall> calls, string fingerprint)
    {
        Calls = calls;
        Fingerprint = fingerprint;
    }

    public IReadOnlyList<TraceCall> Calls { get; }

    /// <summary>Eight hexadecimal digits that differ when the calls differ.</summary>
    public string Fingerprint { get; }

    /// <summary>Reads <c>code.csv</c> and <c>conv.csv</c>.</summary>
    /// <param name="directory">Where they are.</param>
    /// <param name="limit">How many of the earliest calls to keep; all, when null.</param>
    /// <exception cref="TraceException">A file is missing, or a row is not what the heading promises.</exception>
    public static Trace Read(string directory, int? limit)
    {
        if (!Directory.Exists(directory))
        {
            throw new TraceException($"The trace directory {directory} does not exist.");
        }

        var calls = Services
            .SelectMany(service => ReadFile(Path.Combine(directory, $"{service}.csv"), service))
            .OrderBy(call => call.At).ThenBy(call => call.Service, StringComparer.Ordinal).ThenBy(call => call.Row)
            .Take(limit ?? int.MaxValue)
            .ToList();
        return new Trace(calls, FingerprintOf(calls));
    }

    /// <summary>The account a call is charged to, from 0.</summary>
    public static int AccountOf(TraceCall call, int accounts) => call.Row % accounts;

    private static IEnumerable<TraceCall> ReadFile(string path, string service)
    {
        if (!File.Exists(path))
        {
            throw new TraceException($"The trace needs {path}, which does not exist.");
        }

        var line = 0;
        foreach (var text in File.ReadLines(path))
        {
            line++;
            if (line == 1)
            {
                if (text != Heading)
                {
                    throw new TraceException($"{path}:1: expected the heading {Heading}");
                }
            }
            else
            {
                yield return Parse(path, line, service, text);
            }
        }
    }

    private static TraceCall Parse(string path, int line, string service, string text)
    {
        var fields = text.Split(',');
        if (fields.Length != 3)
        {
            throw new TraceException($"{path}:{line}: expected 3 fields and found {fields.Length}: {text}");
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (!DateTime.TryParseExact(fields[0], TimestampFormat, CultureInfo.InvariantCulture, Utc, out var at))
        {
            throw new TraceException($"{path}:{line}: '{fields[0]}' is not a time such as 2023-11-16 18:17:03.9799600");
        }

        return new TraceCall(service, line - 1, at, Tokens(path, line, fields[1]), Tokens(path, line, fields[2]));
    }

    private static long Tokens(string path, int line, string field) =>
        long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens)
            ? tokens
            : throw new TraceException($"{path}:{line}: '{field}' is not a number of tokens");

    private static string FingerprintOf(List<TraceCall> calls)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var call in calls)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{call.Service},{call.Row},{call.At.Ticks},{call.ContextTokens},{call.GeneratedTokens}\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset()[..4]);
    }
}

/// <summary>The trace cannot be used; the message says which file and line.</summary>
internal sealed class TraceException(string message) : Exception(message);
