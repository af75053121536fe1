using Metering.Core.Accounts;
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
    private readonly Dictionary<string, Ended> _ended = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, Ended> _endedFirst = [];
    private PriorityQueue<Hold, (long Ticks, long Sequence)>? _due;

    /// <summary>What an account has that never had any: one object for a million of them. It is never changed.</summary>
    internal static HoldBook None { get; } = new();

    public int Count => _open.Count;

    /// <summary>What all open holds set aside.</summary>
    public Credits Total { get; private set; }

    /// <summary>
    /// No hold is open after this; the beginning of time when none is. It does not come down before the last one closes.
    /// </summary>
    public DateTimeOffset OpenUntil { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Open holds, the first to expire first.</summary>
    public IEnumerable<Hold> Open => _open.Values.OrderBy(hold => hold.ExpiresAt).ThenBy(hold => hold.Placed.Sequence);

    internal IEnumerable<Hold> Unordered => _open.Values;

    public Hold? Find(string id) => _open.GetValueOrDefault(id);

    /// <summary>How a hold that is not open ended, as long as that is remembered.</summary>
    internal Outcome WhyNotOpen(string id) =>
        _ended.TryGetValue(id, out var ended) ? (ended.Expired ? Outcome.HoldExpired : Outcome.HoldClosed) : Outcome.HoldNotFound;

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

    /// <summary>One that may be changed.</summary>
    internal HoldBook Own() => ReferenceEquals(this, None) ? new() : this;

    internal void Place(Held placed) => Place(new Hold(placed) { Left = placed.Credits });

    internal void Use(Hold hold, Credits used, Credits settled)
    {
        hold.Left -= used;
        hold.Settled += settled;
        Total -= used;
    }

    /// <summary>
    /// Closes a hold and remembers how it ended, as long and as many as ids are remembered. That is counted from its end: its id may have been
    /// forgotten long before.
    /// </summary>
    internal void Close(Hold hold, bool expired, Entry by, AccountLimits limits)
    {
        Total -= hold.Left;
        _open.Remove(hold.Id);
        OpenUntil = _open.Count == 0 ? DateTimeOffset.MinValue : OpenUntil;
        Remember(new Ended(hold.Id, by.Sequence, by.At, expired));
        while (_endedFirst.Count > limits.MaxIds || _endedFirst.First().Value.At <= by.At - limits.IdWindow)
        {
            Forget(_endedFirst.First().Value);
        }
    }

    internal void Write(ByteWriter writer)
    {
        writer.Count(_open.Count);
        foreach (var hold in _open.Values.OrderBy(hold => hold.Placed.Sequence))
        {
            writer.Bytes(hold.Placed.Encoded);
            writer.Amount(hold.Left);
            writer.Amount(hold.Settled);
        }

        writer.Count(_endedFirst.Count);
        foreach (var ended in _endedFirst.Values)
        {
            writer.Text(ended.Id);
            writer.Number(ended.Sequence);
            writer.Instant(ended.At);
            writer.Flag(ended.Expired);
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
            book.Remember(new Ended(reader.Text(), reader.Number(), reader.Instant(), reader.Flag()));
        }

        return book._open.Count + book._ended.Count == 0 ? None : book;
    }

    private void Place(Hold hold)
    {
        _open.Add(hold.Id, hold);
        OpenUntil = hold.ExpiresAt > OpenUntil ? hold.ExpiresAt : OpenUntil;
        if (_ended.TryGetValue(hold.Id, out var earlier))
        {
            Forget(earlier);
        }

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

    private void Remember(Ended ended)
    {
        _ended.Add(ended.Id, ended);
        _endedFirst.Add(ended.Sequence, ended);
    }

    private void Forget(Ended ended)
    {
        _ended.Remove(ended.Id);
        _endedFirst.Remove(ended.Sequence);
    }

    private void Schedule(Hold hold) =>
        (_due ??= new PriorityQueue<Hold, (long Ticks, long Sequence)>()).Enqueue(hold, (hold.ExpiresAt.UtcTicks, hold.Placed.Sequence));

    /// <summary>How a hold ended, and the entry that ended it.</summary>
    private sealed record Ended(string Id, long Sequence, DateTimeOffset At, bool Expired);
}
