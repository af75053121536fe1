using Metering.Core.Encoding;
using Metering.Core.Entries;

namespace Metering.Core.Accounts;

/// <summary>
/// The ids an account remembers, each with the entry that used it: a retry is answered from that entry, and told apart from another request
/// under the same id by comparing the two, not their hashes. Entries are kept as their bytes, a fraction of their size as objects.
/// </summary>
internal sealed class RememberedIds
{
    private readonly Dictionary<string, byte[]> _byId = new(StringComparer.Ordinal);
    private readonly Queue<Remembered> _oldestFirst = [];

    /// <summary>
    /// The latest usage time of a forgotten request: one stamped at or before it may be a retry of that, so it is
    /// refused as too old rather than applied blindly.
    /// </summary>
    internal DateTimeOffset ForgottenThrough { get; private set; } = DateTimeOffset.MinValue;

    internal int Count => _byId.Count;

    internal Operation? Find(string id) => _byId.TryGetValue(id, out var entry) ? (Operation)Entry.Decode(entry) : null;

    internal void Add(Operation operation) => Add(operation.Id, operation.At, operation.Time, operation.Encoded);

    /// <summary>Forgets what is beyond the window or the count, telling each id.</summary>
    internal void Forget(DateTimeOffset now, AccountLimits limits, Action<string> forgotten)
    {
        while (_oldestFirst.TryPeek(out var oldest) && (_oldestFirst.Count > limits.MaxIds || oldest.At <= now - limits.IdWindow))
        {
            _oldestFirst.Dequeue();
            _byId.Remove(oldest.Id);
            forgotten(oldest.Id);
            if (oldest.Time > ForgottenThrough)
            {
                ForgottenThrough = oldest.Time;
            }
        }
    }

    internal void Write(ByteWriter writer)
    {
        writer.Instant(ForgottenThrough);
        writer.Count(_oldestFirst.Count);
        foreach (var oldest in _oldestFirst)
        {
            writer.Bytes(_byId[oldest.Id]);
        }
    }

    internal static RememberedIds Read(ref ByteReader reader)
    {
        var remembered = new RememberedIds { ForgottenThrough = reader.Instant() };
        for (var left = reader.Count(); left > 0; left--)
        {
            var entry = reader.Bytes().ToArray();
            var (id, time) = Operation.PeekIdentity(entry);
            remembered.Add(id, Entry.PeekAt(entry), time, entry);
        }

        return remembered;
    }

    private void Add(string id, DateTimeOffset at, DateTimeOffset? time, byte[] entry)
    {
        _byId.Add(id, entry);
        _oldestFirst.Enqueue(new Remembered(id, at, time ?? DateTimeOffset.MinValue));
    }

    /// <summary>What forgetting an id needs to know; the beginning of time when its request was not stamped.</summary>
    private readonly record struct Remembered(string Id, DateTimeOffset At, DateTimeOffset Time);
}
