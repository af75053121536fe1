using Metering.Core.Encoding;
using Metering.Core.Entries;

namespace Metering.Core.Holds;

/// <summary>
/// The open holds of an account, and how those that closed lately ended. Nothing on the way of a charge walks them: the sum is kept, and the
/// next to expire is found in a queue.
/// </summary>
public sealed class HoldBook
{
    /// <summary>The queue is rebuilt when it holds this many times more than there are open holds, and some.</summary>
    private const int MaxStaleShare = 2;

    private const int MinStale = 1_024;

    private readonly Dictionary<string, Hold> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _expired = new(StringComparer.Ordinal);
    private PriorityQueue<Hold, (long Ticks, long Sequence)>? _due;

    public int Count => _open.Count;

    /// <summary>What all open holds set aside.</summary>
    public Credits Total { get; private set; }

    /// <summary>Open holds, the first to expire first.</summary>
    public IEnumerable<Hold> Open => _open.Values.OrderBy(hold => hold.ExpiresAt).ThenBy(hold => hold.Placed.Sequence);

    internal IEnumerable<Hold> Unordered => _open.Values;

    public Hold? Find(string id) => _open.GetValueOrDefault(id);

    /// <summary>How a hold that is not open ended, as long as that is remembered.</summary>
    internal Outcome WhyNotOpen(string id) =>
        _expired.TryGetValue(id, out var expired) ? (expired ? Outcome.HoldExpired : Outcome.HoldClosed) : Outcome.HoldNotFound;

    /// <summary>The next hold to expire; null when there is none.</summary>
    internal Hold? NextDue()
    {
        while (_due is not null && _due.TryPeek(out var hold, out _))
        {
            if (_open.TryGetValue(hold.Id, out var open) && ReferenceEquals(open, hold))
            {
                return hold;
            }

            _due.Dequeue();
        }

        return null;
    }

    internal void Place(Held placed) => Place(new Hold(placed) { Left = placed.Credits });

    internal void Use(Hold hold, Credits used, Credits settled)
    {
        hold.Left -= used;
        hold.Settled += settled;
        Total -= used;
    }

    internal void Close(Hold hold, bool expired)
    {
        Total -= hold.Left;
        _open.Remove(hold.Id);
        _expired[hold.Id] = expired;
    }

    /// <summary>Forgets how a hold ended, together with its id.</summary>
    internal void Forget(string id) => _expired.Remove(id);

    internal void Write(ByteWriter writer)
    {
        writer.Count(_open.Count);
        foreach (var hold in _open.Values.OrderBy(hold => hold.Placed.Sequence))
        {
            writer.Bytes(hold.Placed.Encoded);
            writer.Amount(hold.Left);
            writer.Amount(hold.Settled);
        }

        writer.Count(_expired.Count);
        foreach (var (id, expired) in _expired.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.Text(id);
            writer.Flag(expired);
        }
    }

    internal static HoldBook Read(ref ByteReader reader)
    {
        var book = new HoldBook();
        for (var left = reader.Count(); left > 0; left--)
        {
            var placed = Entry.Decode(reader.Bytes()) as Held ?? throw ByteReader.Damaged();
            book.Place(new Hold(placed) { Left = reader.Credits(), Settled = reader.Credits() });
        }

        for (var left = reader.Count(); left > 0; left--)
        {
            book._expired.Add(reader.Text(), reader.Flag());
        }

        return book;
    }

    private void Place(Hold hold)
    {
        _open.Add(hold.Id, hold);
        _expired.Remove(hold.Id);
        Total += hold.Left;
        if (_due is not null && _due.Count > MinStale + (MaxStaleShare * _open.Count))
        {
            _due = null;
            foreach (var open in _open.Values)
            {
                Schedule(open);
            }

            return;
        }

        Schedule(hold);
    }

    private void Schedule(Hold hold) =>
        (_due ??= new PriorityQueue<Hold, (long Ticks, long Sequence)>()).Enqueue(hold, (hold.ExpiresAt.UtcTicks, hold.Placed.Sequence));
}
