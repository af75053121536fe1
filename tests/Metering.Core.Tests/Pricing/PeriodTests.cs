using System.Globalization;
using CsCheck;
using Metering.Core.Pricing;

namespace Metering.Core.Tests.Pricing;

public sealed class PeriodTests
{
    [Theory]
    [InlineData(PeriodUnit.Hour, "2026-01-01T00:15:00", "2026-03-01T12:15:00", "2026-03-01T12:15:00")]
    [InlineData(PeriodUnit.Hour, "2026-01-01T00:15:00", "2026-03-01T12:14:59.9999999", "2026-03-01T11:15:00")]
    [InlineData(PeriodUnit.Day, "2026-01-01T06:00:00", "2026-03-01T05:59:59", "2026-02-28T06:00:00")]
    [InlineData(PeriodUnit.Week, "2026-01-05T00:00:00", "2026-03-01T00:00:00", "2026-02-23T00:00:00")]
    [InlineData(PeriodUnit.Week, "2026-01-05T00:00:00", "2026-01-04T23:59:59", "2025-12-29T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-31T00:00:00", "2026-02-27T23:59:59", "2026-01-31T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-31T00:00:00", "2026-02-28T00:00:00", "2026-02-28T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-31T00:00:00", "2026-03-30T23:59:59", "2026-02-28T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-31T00:00:00", "2026-03-31T00:00:00", "2026-03-31T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-31T00:00:00", "2028-02-29T00:00:00", "2028-02-29T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-31T00:00:00", "2028-02-28T23:59:59", "2028-01-31T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-31T00:00:00", "2025-12-30T00:00:00", "2025-11-30T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-31T00:00:00", "2025-02-28T00:00:00", "2025-02-28T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-01T00:00:00", "9999-12-31T23:59:59", "9999-12-01T00:00:00")]
    [InlineData(PeriodUnit.Month, "2026-01-01T00:00:00", "0001-01-01T00:00:00", "0001-01-01T00:00:00")]
    [InlineData(PeriodUnit.Year, "2024-02-29T00:00:00", "2025-02-27T23:59:59", "2024-02-29T00:00:00")]
    [InlineData(PeriodUnit.Year, "2024-02-29T00:00:00", "2025-02-28T00:00:00", "2025-02-28T00:00:00")]
    [InlineData(PeriodUnit.Year, "2024-02-29T00:00:00", "2028-02-28T12:00:00", "2027-02-28T00:00:00")]
    [InlineData(PeriodUnit.Year, "2024-02-29T00:00:00", "2028-02-29T00:00:00", "2028-02-29T00:00:00")]
    [InlineData(PeriodUnit.Year, "2024-02-29T00:00:00", "1900-03-01T00:00:00", "1900-02-28T00:00:00")]
    public void A_period_starts_at_the_last_boundary_not_after_the_instant(PeriodUnit every, string anchor, string instant, string start) =>
        Assert.Equal(At(start), new Period(every, At(anchor)).StartOf(At(instant)));

    [Fact]
    public void A_thirty_first_clamps_and_comes_back()
    {
        var period = new Period(PeriodUnit.Month, At("2026-01-31T08:30:00"));
        string[] boundaries = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"];
        for (var i = 1; i < boundaries.Length; i++)
        {
            Assert.Equal(At($"{boundaries[i]}T08:30:00"), period.Next(At($"{boundaries[i - 1]}T08:30:00")));
            Assert.Equal(At($"{boundaries[i - 1]}T08:30:00"), period.Previous(At($"{boundaries[i]}T08:30:00")));
        }
    }

    [Fact]
    public void Every_three_months_are_counted_from_the_anchor()
    {
        var period = new Period(PeriodUnit.Month, At("2025-11-30T00:00:00"), count: 3);
        Assert.Equal(At("2026-02-28T00:00:00"), period.Next(At("2025-11-30T00:00:00")));
        Assert.Equal(At("2026-05-30T00:00:00"), period.Next(At("2026-02-28T00:00:00")));
        Assert.Equal(At("2025-08-30T00:00:00"), period.StartOf(At("2025-11-29T23:59:59")));
        Assert.Equal(At("2025-11-30T00:00:00"), period.StartOf(At("2026-02-27T23:59:59")));
    }

    [Fact]
    public void The_offset_an_instant_is_written_with_makes_no_difference()
    {
        var period = new Period(PeriodUnit.Day, new DateTimeOffset(2026, 1, 1, 2, 0, 0, TimeSpan.FromHours(2)));
        Assert.Equal(period, new Period(PeriodUnit.Day, At("2026-01-01T00:00:00")));
        var start = period.StartOf(new DateTimeOffset(2026, 3, 2, 1, 0, 0, TimeSpan.FromHours(5)));
        Assert.Equal(At("2026-03-01T00:00:00"), start);
        Assert.Equal(TimeSpan.Zero, start.Offset);
    }

    [Fact]
    public void A_boundary_outside_of_time_reads_as_its_end()
    {
        var period = new Period(PeriodUnit.Year, At("2026-06-01T00:00:00"));
        Assert.Equal(DateTimeOffset.MinValue, period.StartOf(DateTimeOffset.MinValue));
        Assert.Equal(DateTimeOffset.MaxValue, period.Next(DateTimeOffset.MaxValue));
        Assert.Equal(At("9999-06-01T00:00:00"), period.StartOf(DateTimeOffset.MaxValue));
        var weeks = new Period(PeriodUnit.Week, DateTimeOffset.MaxValue, count: 1_000);
        Assert.Equal(DateTimeOffset.MaxValue, weeks.Next(DateTimeOffset.MaxValue));
        Assert.Equal(DateTimeOffset.MinValue, weeks.Previous(DateTimeOffset.MinValue));
    }

    [Fact]
    public void A_period_has_between_one_and_a_thousand_units()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Period(PeriodUnit.Hour, default, count: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Period(PeriodUnit.Hour, default, count: 1_001));
        Assert.Equal(At("2026-02-01T00:00:00"), Period.Default.Next(At("2026-01-15T00:00:00")));
    }

    [Fact]
    public void Every_instant_lies_in_exactly_one_period() =>
        Gen.Select(Gen.Enum<PeriodUnit>(), Instants, Instants, Gen.Int[1, 15]).Sample(
            (every, anchor, instant, count) =>
            {
                var period = new Period(every, anchor, count);
                var start = period.StartOf(instant);
                var next = period.Next(instant);
                Assert.True(start <= instant && instant < next, $"{instant:O} is not within {start:O} and {next:O}.");
                Assert.Equal(start, period.StartOf(start));
                Assert.Equal(start, period.StartOf(next.AddTicks(-1)));
                Assert.Equal(next, period.StartOf(next));
                Assert.Equal(next, period.Next(start));
                Assert.Equal(start, period.Previous(next));
            },
            iter: 20_000);

    [Fact]
    public void Boundaries_are_those_of_a_walk_from_the_anchor() =>
        Gen.Select(Gen.Enum<PeriodUnit>(), Instants, Gen.Int[1, 15], Gen.Int[-60, 60]).Sample((every, anchor, count, k) =>
        {
            var boundary = every switch
            {
                PeriodUnit.Hour => anchor.AddHours(k * count),
                PeriodUnit.Day => anchor.AddDays(k * count),
                PeriodUnit.Week => anchor.AddDays(k * count * 7),
                PeriodUnit.Month => anchor.AddMonths(k * count),
                PeriodUnit.Year => anchor.AddYears(k * count),
            };
            Assert.Equal(boundary, new Period(every, anchor, count).StartOf(boundary));
        });

    private static Gen<DateTimeOffset> Instants { get; } = Gen.Long[At("1200-01-01T00:00:00").Ticks, At("8800-01-01T00:00:00").Ticks]
        .Select(ticks => new DateTimeOffset(ticks, TimeSpan.Zero));

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
