using System.Numerics;
using System.Text;
using Metering.Core.Encoding;
using Metering.Core.Entries;

namespace Metering.Core.Accounts;

/// <summary>
/// The ids an account remembers, each with the entry that used it: a retry is answered from that entry, and told apart from another request
/// under the same id by comparing the two, not their hashes.
/// </summary>
/// <remarks>
/// A busy account remembers thousands for a day, and of a million accounts most remember a few. So none is an object: the entries lie in
/// <see cref="OperationBlocks"/>, and a table with open addressing says where. A hash only leads to an entry; the id is compared with the one that is
/// written there, so two ids are never taken for one. The hash of a run has no part in any outcome, nor in the bytes of the state.
/// </remarks>
internal sealed class RememberedIds
{
    private const int MinSlots = 8;

    /// <summary>In UTF-8. Callers' ids are no longer.</summary>
    private const int MaxIdOnStack = 128;

    /// <summary>A bit every hash has, so that a slot without one is empty.</summary>
    private const uint InUse = 0x8000_0000;

    /// <summary>A table is halved when less than one in so many of its slots is in use.</summary>
    private const int MinUsedShare = 8;

    // Shared while there is none.
    private static readonly OperationBlocks None = new();

    private OperationBlocks _operations;

    // A power of two long, and at most three quarters full: whoever looks for what is not there soon comes to an empty slot.
    private Slot[] _slots = [];

    internal RememberedIds()
        : this(None)
    {
    }

    private RememberedIds(OperationBlocks operations) => _operations = operations;

    /// <summary>
    /// The latest usage time of a forgotten request: one stamped at or before it may be a retry of that, so it is
    /// refused as too old rather than applied blindly.
    /// </summary>
    internal DateTimeOffset ForgottenThrough { get; private set; } = DateTimeOffset.MinValue;

    internal int Count => _operations.Count;

    /// <summary>
    /// Whether an id that was used at or after a time may be forgotten already. What is forgotten was used no later than the oldest that is remembered, so it need not be
    /// remembered by itself.
    /// </summary>
    internal bool MayHaveForgottenSince(DateTimeOffset at) =>
        _operations.HasRemoved && (Count == 0 || _operations.OldestAtTicks >= at.UtcTicks);

    /// <summary>The memory its table and blocks take.</summary>
    internal int BytesTaken => (_slots.Length * Slot.Size) + _operations.BytesTaken;

    internal Operation? Find(string id)
    {
        if (Count == 0)
        {
            return null;
        }

        var hash = HashOf(id);
        for (var at = HomeOf(hash); !_slots[at].IsEmpty; at = Next(at))
        {
            if (_slots[at].Hash == hash && _operations.At(_slots[at].Place).Entry is var entry && IsUnder(id, entry))
            {
                return (Operation)Entry.Decode(entry);
            }
        }

        return null;
    }

    /// <inheritdoc cref="Account.FetchAhead"/>
    internal int FetchAhead(string id)
    {
        var slots = _slots;
        return slots.Length == 0 ? 0 : _operations.FetchAhead() ^ slots[(int)(HashOf(id) & (uint)(slots.Length - 1))].FetchAhead();
    }

    /// <summary>Remembers an operation under an id that is not remembered.</summary>
    internal void Add(Operation operation) => Add(operation.Id, operation.At, operation.Time, operation.EncodedHere);

    /// <summary>Forgets what is beyond the window or the count, and what was given back of it.</summary>
    internal void Forget(DateTimeOffset now, AccountLimits limits, Reversals reversals)
    {
        var through = (now - limits.IdWindow).UtcTicks;
        while (_operations.Count > 0 && (_operations.Count > limits.MaxIds || _operations.OldestAtTicks <= through))
        {
            var oldest = _operations.Oldest;
            if (oldest.TimeTicks > ForgottenThrough.UtcTicks)
            {
                ForgottenThrough = new DateTimeOffset(oldest.TimeTicks, TimeSpan.Zero);
            }

            if (reversals.Any)
            {
                reversals.Forget(Operation.PeekIdentity(oldest.Entry).Id);
            }

            Vacate(new Slot(oldest.Hash, _operations.OldestPlace));
            _operations.RemoveOldest();
        }

        var mayShrink = _slots.Length > MinSlots && Count < _slots.Length / MinUsedShare;
        if (_operations.TryCompact())
        {
            // As long a table as before, or less: what is left was in it.
            _slots = new Slot[mayShrink ? _slots.Length / 2 : _slots.Length];
            OccupyAll();
        }
        else if (mayShrink)
        {
            Resize(_slots.Length / 2);
        }
    }

    /// <summary>The number of the oldest block that is still remembered.</summary>
    internal long FirstBlock => _operations.FirstNumber;

    /// <inheritdoc cref="OperationBlocks.Take"/>
    internal IdBlock[] TakeBlocks(long from) => _operations.Take(from);

    /// <inheritdoc cref="OperationBlocks.GiveBack"/>
    internal void GiveBackBlocks() => _operations.GiveBack();

    /// <summary>Writes what is remembered, but for the blocks, which are written apart.</summary>
    internal void Write(ByteWriter writer)
    {
        writer.Instant(ForgottenThrough);
        _operations.WritePlaces(writer);
    }

    /// <exception cref="FormatException">The bytes are damaged, or the blocks are not those that belong to them.</exception>
    internal static RememberedIds Read(ref ByteReader reader, IReadOnlyList<ReadOnlyMemory<byte>> blocks)
    {
        var forgottenThrough = reader.Instant();
        var operations = OperationBlocks.Read(ref reader, blocks, HashOf);
        var remembered = new RememberedIds(operations is { Count: 0, FirstNumber: 0 } ? None : operations) { ForgottenThrough = forgottenThrough };
        if (remembered.Count > 0)
        {
            remembered._slots = new Slot[Math.Max(MinSlots, (int)BitOperations.RoundUpToPowerOf2((uint)(remembered.Count * 4L / 3) + 1))];
        }

        remembered.OccupyAll();
        return remembered;
    }

    /// <summary>Passes over what is remembered: for who has not got the blocks.</summary>
    /// <exception cref="FormatException">The bytes are damaged.</exception>
    internal static RememberedIds ReadNone(ref ByteReader reader)
    {
        var remembered = new RememberedIds { ForgottenThrough = reader.Instant() };
        OperationBlocks.PassPlaces(ref reader);
        return remembered;
    }

    /// <summary>Puts all there are into the table, which is empty.</summary>
    /// <exception cref="FormatException">An id is there twice.</exception>
    private void OccupyAll()
    {
        var operations = _operations.GetEnumerator();
        while (operations.MoveNext())
        {
            OccupyUnlessThere(operations.Current, operations.Place);
        }
    }

    private void Add(string id, DateTimeOffset at, DateTimeOffset? time, ReadOnlySpan<byte> entry)
    {
        if ((Count + 1) * 4 > _slots.Length * 3)
        {
            Resize(Math.Max(MinSlots, _slots.Length * 2));
        }

        _operations = ReferenceEquals(_operations, None) ? new OperationBlocks() : _operations;
        var operation = new RememberedOperation
        {
            Hash = HashOf(id),
            AtTicks = at.UtcTicks,
            TimeTicks = (time ?? DateTimeOffset.MinValue).UtcTicks,
            Entry = entry,
        };
        Occupy(new Slot(operation.Hash, _operations.Add(operation)));
    }

    private static uint HashOf(ReadOnlySpan<char> id) => unchecked((uint)string.GetHashCode(id, StringComparison.Ordinal)) | InUse;

    private static uint HashOf(ReadOnlySpan<byte> id)
    {
        Span<char> text = stackalloc char[MaxIdOnStack];
        return id.Length <= MaxIdOnStack ? HashOf(text[..System.Text.Encoding.UTF8.GetChars(id, text)]) : HashOf(System.Text.Encoding.UTF8.GetString(id));
    }

    private static bool IsUnder(string id, ReadOnlySpan<byte> entry)
    {
        var written = Operation.PeekId(entry);

        // Callers' ids are ASCII, which compares without being decoded. Bytes that are not may still be the id.
        return Ascii.Equals(written, id) || (!Ascii.IsValid(written) && System.Text.Encoding.UTF8.GetString(written) == id);
    }

    private int HomeOf(uint hash) => (int)(hash & (uint)(_slots.Length - 1));

    private int Next(int at) => (at + 1) & (_slots.Length - 1);

    private void Occupy(Slot slot)
    {
        var at = HomeOf(slot.Hash);
        while (!_slots[at].IsEmpty)
        {
            at = Next(at);
        }

        _slots[at] = slot;
    }

    private void OccupyUnlessThere(RememberedOperation operation, uint place)
    {
        for (var at = HomeOf(operation.Hash); !_slots[at].IsEmpty; at = Next(at))
        {
            if (_slots[at].Hash == operation.Hash && Operation.PeekId(_operations.At(_slots[at].Place).Entry).SequenceEqual(Operation.PeekId(operation.Entry)))
            {
                throw ByteReader.Damaged();
            }
        }

        Occupy(new Slot(operation.Hash, place));
    }

    private void Vacate(Slot slot)
    {
        var at = HomeOf(slot.Hash);
        while (_slots[at] != slot)
        {
            at = Next(at);
        }

        // What stands behind the gap moves up into it, unless that would put it before its home: no search may end at the gap early.
        for (var behind = Next(at); !_slots[behind].IsEmpty; behind = Next(behind))
        {
            var fromHome = (behind - HomeOf(_slots[behind].Hash)) & (_slots.Length - 1);
            if (fromHome >= ((behind - at) & (_slots.Length - 1)))
            {
                _slots[at] = _slots[behind];
                at = behind;
            }
        }

        _slots[at] = default;
    }

    private void Resize(int length)
    {
        var slots = _slots;
        _slots = new Slot[length];
        foreach (var slot in slots)
        {
            if (!slot.IsEmpty)
            {
                Occupy(slot);
            }
        }
    }

    /// <summary>Where the operation under an id of some hash lies. The hash is never zero, so that an empty slot is.</summary>
    private readonly record struct Slot(uint Hash, uint Place)
    {
        internal const int Size = 2 * sizeof(uint);

        internal bool IsEmpty => Hash == 0;

        /// <inheritdoc cref="Account.FetchAhead"/>
        internal int FetchAhead() => unchecked((int)Place);
    }
}
