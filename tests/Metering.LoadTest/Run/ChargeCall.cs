using System.Diagnostics;

namespace Metering.LoadTest.Run;

/// <summary>
/// One call under way, with room for all its charges: it is filled, sent, answered and filled again, so that a run of any length takes the memory of
/// its calls in flight and no more. What an answer leaves open is kept and sent again under the same ids.
/// </summary>
internal sealed class ChargeCall(int capacity, int number)
{
    private readonly Outcome[] _outcomes = new Outcome[capacity];
    private readonly PlannedCharge[] _charges = new PlannedCharge[capacity];
    private int _count;
    private long _firstSentAt;

    /// <summary>Its place among the calls of its connection.</summary>
    public int Number => number;

    /// <summary>When it was meant to be sent, in ticks of <see cref="Stopwatch"/>.</summary>
    public long DueAt { get; private set; }

    /// <summary>Charges when it was filled, answered since or not.</summary>
    public int Filled { get; private set; }

    /// <summary>Charges of it that were refused for good.</summary>
    public int Refused { get; private set; }

    /// <summary>How often it was sent.</summary>
    public int Attempts { get; private set; }

    /// <summary>Milliseconds since it was first sent, to be said when it is sent again; 0 the first time.</summary>
    public long FirstSentMillisecondsAgo => Attempts == 0 ? 0 : 1 + (long)Stopwatch.GetElapsedTime(_firstSentAt).TotalMilliseconds;

    /// <summary>When it was last sent, in ticks of <see cref="Stopwatch"/>.</summary>
    public long SentAt { get; private set; }

    public ByteBuffer Payload { get; } = new();

    /// <summary>The charges that have no answer yet.</summary>
    public ReadOnlySpan<PlannedCharge> Charges => _charges.AsSpan(0, _count);

    /// <summary>Where the answers go, in the order of <see cref="Charges"/>.</summary>
    public Span<Outcome> Outcomes => _outcomes.AsSpan(0, _count);

    public bool IsAnswered => _count == 0;

    public void Fill(ChargeDraw draw, long dueAt)
    {
        draw.Fill(_charges);
        _count = _charges.Length;
        Filled = _count;
        DueAt = dueAt;
        Refused = 0;
        Attempts = 0;
    }

    /// <summary>It is about to be sent.</summary>
    public void Send()
    {
        Attempts++;
        SentAt = Stopwatch.GetTimestamp();
        _firstSentAt = Attempts == 1 ? SentAt : _firstSentAt;
    }

    /// <summary>Every charge ended the same way: the answer was for the call as a whole, or there was none.</summary>
    public void EndAll(in Outcome outcome) => Outcomes.Fill(outcome);

    /// <summary>Counts what is certain and keeps the rest.</summary>
    public void Settle(LoadMeter meter)
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (_outcomes[i].Kind == OutcomeKind.Unknown)
            {
                _charges[kept++] = _charges[i];
            }
            else
            {
                Refused += _outcomes[i].Kind == OutcomeKind.Refused ? 1 : 0;
                meter.Count(_charges[i], _outcomes[i], isAgain: Attempts > 1);
            }
        }

        _count = kept;
    }
}

/// <param name="Account">Its place among the accounts.</param>
/// <param name="Usage">Its place among the usages.</param>
/// <param name="Number">Unique in its process: the id.</param>
internal readonly record struct PlannedCharge(int Account, int Usage, long Number);

internal enum OutcomeKind
{
    /// <summary>It may or may not have been charged; the same id will tell.</summary>
    Unknown = 0,
    Charged = 1,
    Refused = 2,
}

/// <param name="Kind">How it ended.</param>
/// <param name="Nanocredits">Of a charge: its credits, in billionths.</param>
/// <param name="Replayed">Of a charge: whether the server had heard the id before.</param>
/// <param name="Code">Of a refusal: the server's code.</param>
internal readonly record struct Outcome(OutcomeKind Kind, long Nanocredits, bool Replayed, string? Code)
{
    private const string Unavailable = "unavailable";

    public static Outcome Unknown => default;

    public static Outcome Charged(long nanocredits, bool replayed) => new(OutcomeKind.Charged, nanocredits, replayed, null);

    /// <summary>A refusal changed nothing, except <c>unavailable</c>, which says only that no answer came in time.</summary>
    public static Outcome Refused(string code) => code == Unavailable ? Unknown : new(OutcomeKind.Refused, 0, false, code);
}
