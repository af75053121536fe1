using HdrHistogram;

namespace Metering.LoadTest.Run;

/// <summary>Everything a run saw, second by second and over all its processes.</summary>
internal sealed class LoadRecord
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, Second> _seconds = [];
    private readonly LongHistogram _latency = LoadMeter.NewHistogram();

    /// <summary>Latencies after the warm-up, microseconds.</summary>
    public HistogramBase Latency => _latency;

    public long Charged => Measured(second => second.Charged);

    public long Refused => Measured(second => second.Refused);

    /// <summary>Of the measured part, by the clock of the process that measured longest.</summary>
    public double MeasuredSeconds
    {
        get
        {
            lock (_lock)
            {
                return _seconds.Values.Where(second => !second.IsWarmUp).Sum(second => second.Length);
            }
        }
    }

    public double ChargesPerSecond => MeasuredSeconds > 0 ? Charged / MeasuredSeconds : 0;

    public IReadOnlyList<Second> Seconds
    {
        get
        {
            lock (_lock)
            {
                return [.. _seconds.Values];
            }
        }
    }

    /// <summary>Adds a sample; the second it belongs to, with what the other processes said of it so far.</summary>
    public Second Add(LoadSample sample)
    {
        lock (_lock)
        {
            var number = (int)Math.Round(sample.FromSeconds);
            if (!_seconds.TryGetValue(number, out var second))
            {
                _seconds[number] = second = new Second(number, sample.IsWarmUp);
            }

            second.Add(sample);
            if (!sample.IsWarmUp)
            {
                LatencyPairs.AddTo(_latency, sample.Latency);
            }

            return second;
        }
    }

    private long Measured(Func<Second, long> count)
    {
        lock (_lock)
        {
            return _seconds.Values.Where(second => !second.IsWarmUp).Sum(count);
        }
    }
}

/// <summary>About a second of a run, over all processes.</summary>
internal sealed class Second(int number, bool isWarmUp)
{
    private const double LeastWhole = 0.5;
    private readonly LongHistogram _latency = LoadMeter.NewHistogram();

    public int Number => number;

    public bool IsWarmUp => isWarmUp;

    /// <summary>Seconds it lasted.</summary>
    public double Length { get; private set; }

    /// <summary>How many processes have told of it.</summary>
    public int Samples { get; private set; }

    /// <summary>Whether it was about a second: the last of a run, in which only what is under way is answered, says nothing about the rate.</summary>
    public bool IsWhole => Length >= LeastWhole;

    public long Charged { get; private set; }

    public long Refused { get; private set; }

    public double ChargesPerSecond => Length > 0 ? Charged / Length : 0;

    /// <summary>0 when nothing was answered in this second.</summary>
    public double Milliseconds(double percentile) => _latency.TotalCount == 0 ? 0 : _latency.GetValueAtPercentile(percentile) / 1_000d;

    public void Add(LoadSample sample)
    {
        Samples++;
        Length = Math.Max(Length, sample.ToSeconds - sample.FromSeconds);
        Charged += sample.Charged;
        Refused += sample.Refused;
        LatencyPairs.AddTo(_latency, sample.Latency);
    }
}
