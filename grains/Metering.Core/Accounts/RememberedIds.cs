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
    private readonly Queue<byte[]> _oldestFirst = [];

    /// <summary>
    /// The latest usage time of a forgotten request: one stamped at or before it may be a retry of that, so it is
    /// refused as too old rather than applied blindly.
    /// </summary>
    internal DateTimeOffset ForgottenThrough { get; private set; } = DateTimeOffset.MinValue;

    internal int Count => _byId.Count;

    internal Charged? Find(string id) => _byId.TryGetValue(id, out var entry) ? (Charged)Entry.Decode(entry) : null;

    internal void Add(string id, byte[] entry)
    {
        _byId.Add(id, entry);
        _oldestFirst.Enqueue(entry);
    }

    internal void Forget(DateTimeOffset now, AccountLimits limits)
    {
        while (_oldestFirst.TryPeek(out var oldest) && (_oldestFirst.Count > limits.MaxIds || Entry.PeekAt(oldest) <= now - limits.IdWindow))
        {
            var (id, time) = Charged.PeekIdentity(oldest);
            _oldestFirst.Dequeue();
            _byId.Remove(id);
            if (time > ForgottenThrough)
            {
                ForgottenThrough = time.Value;
            }
        }
    }

    internal void Write(ByteWriter writer)
    {
        writer.Instant(ForgottenThrough);
        writer.Count(_oldestFirst.Count);
        foreach (var entry in _oldestFirst)
        {
            writer.Bytes(entry);
        }
    }

    internal static RememberedIds Read(ref ByteReader reader)
    {
        var remembered = new RememberedIds { ForgottenThrough = reader.Instant() };
        for (var left = reader.Count(); left > 0; left--)
        {
            var entry = reader.Bytes().ToArray();
            remembered.Add(Charged.PeekIdentity(entry).Id, entry);
        }

        return remembered;
    }
}
