using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>Where a record lies.</summary>
/// <param name="Segment">The file.</param>
/// <param name="Offset">Of its first byte.</param>
/// <param name="Length">Of its bytes.</param>
internal readonly record struct RecordPlace(JournalSegment Segment, long Offset, int Length);

/// <summary>One log: which records it has, and where they lie. Under the journal's lock.</summary>
internal sealed class JournalLog(int id, string name)
{
    private const int MinPlaces = 8;

    // A ring: records come at one end and go at the other.
    private RecordPlace[] _places = [];
    private int _head;

    // What the oldest segment says of its last record, and what is known of those up to it.
    private long _earliest;
    private long _trimmed;
    private bool _hasKeptEarliest;

    public int Id => id;

    public string Name => name;

    public int Count { get; private set; }

    /// <summary>The number before the first record there is: of those up to it nothing is known any more.</summary>
    public long Before { get; private set; }

    public long Last => Before + Count;

    /// <summary>
    /// Whether a record is missing: all up to the one that was the last when the oldest segment there is began must have been trimmed since, or have been copied into it or a later one.
    /// </summary>
    public bool IsIncomplete => (Count == 0 && Before > 0) || _trimmed < (_hasKeptEarliest ? _earliest - 1 : _earliest);

    public JournalExtent Extent => Count == 0 ? default : new JournalExtent(Before + 1, Last);

    /// <param name="number">Of a record there is.</param>
    public RecordPlace this[long number]
    {
        get => _places[IndexOf(number)];
        private set => _places[IndexOf(number)] = value;
    }

    /// <summary>What the oldest segment begins with: the last record so far, which is in one before it.</summary>
    public void BeginBehind(long last) => (Before, _earliest) = (last, last);

    /// <summary>The last record, though it was in a segment that is gone.</summary>
    public void AddKept(RecordPlace place)
    {
        Before--;
        _hasKeptEarliest = true;
        Add(place);
    }

    /// <summary>The record after the last one.</summary>
    public void Add(RecordPlace place)
    {
        if (Count == _places.Length)
        {
            var grown = new RecordPlace[Math.Max(MinPlaces, Count * 2)];
            for (var i = 0; i < Count; i++)
            {
                grown[i] = _places[(_head + i) & (_places.Length - 1)];
            }

            (_places, _head) = (grown, 0);
        }

        Count++;
        this[Last] = place;
        place.Segment.Live++;
    }

    /// <summary>The last record lies elsewhere now.</summary>
    public void Move(RecordPlace place)
    {
        this[Last].Segment.Live--;
        this[Last] = place;
        place.Segment.Live++;
    }

    /// <summary>Lets go of the records up to a number, but for the last one. Where there is none yet, the first one will come after that number.</summary>
    public void Trim(long through)
    {
        _trimmed = Math.Max(_trimmed, through);
        if (Count == 0)
        {
            Before = Math.Max(Before, through);
        }

        while (Count > 1 && Before < through)
        {
            this[Before + 1].Segment.Live--;
            this[Before + 1] = default;
            _head = (_head + 1) & (_places.Length - 1);
            Before++;
            Count--;
        }
    }

    private int IndexOf(long number) => (_head + (int)(number - Before - 1)) & (_places.Length - 1);
}
