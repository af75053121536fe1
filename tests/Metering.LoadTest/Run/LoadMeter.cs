using System.Collections.Concurrent;
using System.Diagnostics;
using HdrHistogram;

namespace Metering.LoadTest.Run;

/// <summary>
/// Counts what became of the charges: latencies for the report, and credits per account for the check. It takes memory by account and
/// by code, never by charge.
/// </summary>
internal sealed class LoadMeter
{
    public static readonly long MaxLatencyMicroseconds = (long)TimeSpan.FromMinutes(10).TotalMicroseconds;

    private const int Digits = 3;
    private const string TooOld = "too_old";
    private readonly Recorder _latency = NewRecorder();
    private readonly Recorder _refusal = NewRecorder();

    private readonly ConcurrentDictionary<string, long> _refused = new();
    private readonly AccountTotals _totals;
    private HistogramBase? _recycled;
    private long _charged;
    private long _answered;
    private long _resent;
    private long _repeated;
    private long _open;
    private long _unsent;

    public LoadMeter(AccountTotals totals) => _totals = totals;

    public static LongHistogram NewHistogram() => new(1, MaxLatencyMicroseconds, Digits);

    public AccountTotals Totals => _totals;

    /// <summary>Charges acknowledged.</summary>
    public long Charged => Volatile.Read(ref _charged);

    /// <summary>Charges answered: acknowledged or refused.</summary>
    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Calls sent again because their outcome was unknown.</summary>
    public long Resent => Volatile.Read(ref _resent);

    /// <summary>Charges answered as a repeat: an attempt before the answered one, ours or a gateway's own, had landed.</summary>
    public long Repeated => Volatile.Read(ref _repeated);

    /// <summary>Charges whose outcome nobody could tell before the run gave up.</summary>
    public long Open => Volatile.Read(ref _open);

    /// <summary>Charges that were due and could not be sent before the end.</summary>
    public long Unsent => Volatile.Read(ref _unsent);

    public IReadOnlyDictionary<string, long> Refused => _refused;

    /// <param name="charge">The charge.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="isAgain">Whether it had been sent before: then "too old" says that the account cannot tell any more whether it was charged.</param>
    public void Count(in PlannedCharge charge, in Outcome outcome, bool isAgain)
    {
        if (outcome.Kind == OutcomeKind.Refused)
        {
            if (isAgain && outcome.Code == TooOld)
            {
                _totals.AddUntold(charge.Account);
            }

            _refused.AddOrUpdate(outcome.Code!, 1, static (_, count) => count + 1);
            return;
        }

        _totals.Add(charge.Account, charge.Usage, outcome.Nanocredits);
        if (outcome.Replayed)
        {
            Interlocked.Increment(ref _repeated);
        }
    }

    /// <summary>A call is answered in full. Refusals are told apart, from when they were last sent: a server that is asked for too much would otherwise seem the faster for it.</summary>
    public void Record(ChargeCall call)
    {
        var charged = call.Filled - call.Refused;
        if (charged > 0)
        {
            _latency.RecordValueWithCount(MicrosecondsSince(call.DueAt), charged);
        }

        if (call.Refused > 0)
        {
            _refusal.RecordValueWithCount(MicrosecondsSince(call.SentAt), call.Refused);
        }

        Interlocked.Add(ref _charged, charged);
        Interlocked.Add(ref _answered, call.Filled);
    }

    public void Resend() => Interlocked.Increment(ref _resent);

    public void GiveUp(int charges) => Interlocked.Add(ref _open, charges);

    /// <summary>Calls that were due and never sent: they have waited since, so that leaving them out would flatter the server.</summary>
    public void LeaveUnsent(IEnumerable<long> dueAt, int chargesPerCall)
    {
        foreach (var due in dueAt)
        {
            _latency.RecordValueWithCount(MicrosecondsSince(due), chargesPerCall);
            _unsent += chargesPerCall;
        }
    }

    /// <summary>All refusals' latencies, microseconds.</summary>
    /// <remarks>Once, at the end.</remarks>
    public HistogramBase TakeRefusalLatency() => _refusal.GetIntervalHistogram();

    /// <summary>The latencies since the last time this was asked; good until it is asked again.</summary>
    public HistogramBase TakeInterval() => _recycled = _latency.GetIntervalHistogram(_recycled);

    private static long MicrosecondsSince(long timestamp) =>
        Math.Clamp((Stopwatch.GetTimestamp() - timestamp) * 1_000_000 / Stopwatch.Frequency, 1, MaxLatencyMicroseconds);

    private static Recorder NewRecorder() => HistogramFactory.With64BitBucketSize()
        .WithValuesFrom(1).WithValuesUpTo(MaxLatencyMicroseconds).WithPrecisionOf(Digits).WithThreadSafeWrites().WithThreadSafeReads().Create();
}
