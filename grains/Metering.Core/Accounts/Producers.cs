using Metering.Core.Encoding;
using Metering.Core.Entries;

namespace Metering.Core.Accounts;

/// <summary>
/// Producers that number their charges: of each, the highest number and its last <see cref="Window"/> charges. Memory is the same however many
/// charges come. A number within the window may still arrive late; one before it may have been seen, and is too old.
/// </summary>
internal sealed class Producers
{
    internal const int Window = 64;

    private readonly Dictionary<string, Producer> _byName = new(StringComparer.Ordinal);

    /// <summary>What an account has that never had any: one object for a million of them. It is never changed.</summary>
    internal static Producers None { get; } = new();

    internal int Count => _byName.Count;

    /// <summary>The charge a producer gave a number to, if that is still known; or whether the number is too old to tell.</summary>
    internal Charged? Find(string producer, long sequence, out bool tooOld)
    {
        tooOld = false;
        if (!_byName.TryGetValue(producer, out var known))
        {
            return null;
        }

        tooOld = sequence <= known.Highest - Window;
        var (number, entry) = known.Slots[sequence % Window];
        return !tooOld && entry is not null && number == sequence ? (Charged)Entry.Decode(entry) : null;
    }

    internal bool Knows(string producer) => _byName.ContainsKey(producer);

    internal bool AnySilentThrough(DateTimeOffset instant) => _byName.Values.Any(producer => producer.LastAt <= instant);

    /// <summary>One that may be changed.</summary>
    internal Producers Own() => ReferenceEquals(this, None) ? new() : this;

    /// <summary>Keeps a charge in place of the one so many numbers before it, and forgets what was given back of that.</summary>
    internal void Add(Charged charged, AccountLimits limits, Reversals reversals)
    {
        if (!_byName.TryGetValue(charged.Producer!, out var producer))
        {
            if (_byName.Count >= limits.MaxProducers)
            {
                foreach (var (silent, slots) in _byName.Where(pair => pair.Value.LastAt <= charged.At - limits.IdWindow).Select(pair => (pair.Key, pair.Value.Slots)).ToList())
                {
                    _byName.Remove(silent);
                    Array.ForEach(slots, slot => Forget(slot.Entry, reversals));
                }
            }

            producer = new Producer();
            _byName.Add(charged.Producer!, producer);
        }

        producer.Highest = Math.Max(producer.Highest, charged.ProducerSequence);
        producer.LastAt = charged.At;
        ref var slot = ref producer.Slots[charged.ProducerSequence % Window];
        Forget(slot.Entry, reversals);
        slot = (charged.ProducerSequence, charged.Encoded);
    }

    internal void Write(ByteWriter writer)
    {
        writer.Count(_byName.Count);
        foreach (var (name, producer) in _byName.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.Text(name);
            writer.Number(producer.Highest);
            writer.Instant(producer.LastAt);
            var entries = producer.Slots.Where(slot => slot.Entry is not null).OrderBy(slot => slot.Number).ToList();
            writer.Count(entries.Count);
            foreach (var (number, entry) in entries)
            {
                writer.Number(number);
                writer.Bytes(entry);
            }
        }
    }

    internal static Producers Read(ref ByteReader reader)
    {
        var producers = new Producers();
        for (var left = reader.Count(); left > 0; left--)
        {
            var name = reader.Text();
            var producer = new Producer { Highest = reader.Number(), LastAt = reader.Instant() };
            for (var entries = reader.Count(); entries > 0; entries--)
            {
                var number = reader.Number();
                producer.Slots[Math.Abs(number % Window)] = (number, reader.Bytes().ToArray());
            }

            producers._byName.Add(name, producer);
        }

        return producers.Count == 0 ? None : producers;
    }

    private static void Forget(byte[]? entry, Reversals reversals)
    {
        if (entry is not null && reversals.Any)
        {
            reversals.Forget(Operation.PeekIdentity(entry).Id);
        }
    }

    private sealed class Producer
    {
        internal long Highest { get; set; }
        internal DateTimeOffset LastAt { get; set; }
        internal (long Number, byte[]? Entry)[] Slots { get; } = new (long, byte[]?)[Window];
    }
}
