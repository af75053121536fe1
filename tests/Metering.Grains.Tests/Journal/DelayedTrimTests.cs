using Metering.Grains.Journal;
using Microsoft.Extensions.Time.Testing;

namespace Metering.Grains.Tests.Journal;

public sealed class DelayedTrimTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromMinutes(10);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Without_a_delay_everything_goes_at_once()
    {
        var trim = new DelayedTrim(TimeSpan.Zero, _time);
        Assert.Equal(7, trim.Next(7));
    }

    [Fact]
    public void A_record_goes_when_it_has_been_free_for_the_delay_and_not_a_tick_sooner()
    {
        var trim = new DelayedTrim(Delay, _time);
        Assert.Equal(0, trim.Next(7));
        _time.Advance(Delay - TimeSpan.FromTicks(1));
        Assert.Equal(0, trim.Next(20));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(7, trim.Next(20));
        _time.Advance(Delay - TimeSpan.FromTicks(1));
        Assert.Equal(20, trim.Next(20));
    }

    [Fact]
    public void Whatever_becomes_free_goes_within_a_step_after_the_delay_and_never_before_it()
    {
        var trim = new DelayedTrim(Delay, _time);
        var freeAt = new List<(long Record, DateTimeOffset At)>();
        var step = TimeSpan.FromSeconds(1);
        for (var record = 1L; record < 3_000; record++)
        {
            freeAt.Add((record, _time.GetUtcNow()));
            var due = trim.Next(record);
            Assert.All(freeAt.Where(free => free.Record <= due), free => Assert.True(_time.GetUtcNow() - free.At >= Delay));
            freeAt.RemoveAll(free => free.Record <= due);
            Assert.All(freeAt, free => Assert.True(_time.GetUtcNow() - free.At <= Delay + (Delay / DelayedTrim.MaxSteps) + (2 * step)));
            _time.Advance(step);
        }
    }
}
