using CsCheck;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Rollups;

namespace Metering.Core.Tests.Accounts;

/// <summary>What an account says it used, against a recount of all its entries.</summary>
public sealed class UsageTests
{
    /// <summary>Of an account with a grant of 100 and a charge of 5 calls, as it was written in format 2.</summary>
    private const string BeforeUsage =
        "AgRhY21lBoCAn+SRp7/eEQGAgJ/kkae/3hEEQWNtZQdkZWZhdWx0AAADgIDAz5aypN4RAAABBHBsYW6AoLeH6QXIAQAAAAAAgICf5JGnv94RBAGA2IfnwwUAgKC3h+kFgKC3h+kFAAABB2RlZmF1bHQFY2FsbHMFY2FsbHMBgIC6ta/Ju94RgMivoCUAAAACAAAAAAAAAAAAAAAAAAA=";

    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(59),
        TimeSpan.FromHours(1), TimeSpan.FromHours(5), TimeSpan.FromDays(1), TimeSpan.FromDays(-1), TimeSpan.FromDays(40),
    ];

    private static readonly Gen<TimeSpan> Pause = Gen.Frequency(
        (200, Gen.Int[0, 5].Select(static index => Pauses[index])),
        (8, Gen.Int[6, 10].Select(static index => Pauses[index])),
        (1, Gen.Const(Pauses[11])));

    private static readonly Gen<(TimeSpan Pause, int Kind, int Quantity)> Step = Gen.Select(Pause, Gen.Int[0, 9], Gen.Int[0, 4]);

    [Fact]
    public void What_was_used_equals_a_recount_of_the_entries_whatever_happened_when()
    {
        var folded = 0;
        Gen.Select(Step.Array[1, 1_500], Gen.Int[1, 60]).Sample(
            (steps, restartEvery) =>
            {
                var scene = new Scene();
                scene.Grant("plan", "1000000");
                for (var i = 0; i < steps.Length; i++)
                {
                    Do(scene, steps[i], i);
                    if (i % restartEvery == 0)
                    {
                        scene.Restart();
                    }
                }

                Assert.Equal(Scene.Bytes(scene.Replayed()), Scene.Bytes(scene.Account));
                CompareWhatIsPromised(scene);
                folded += CompareAnything(scene);
            },
            iter: 60);
        Assert.True(folded > 0, "No game was long enough for minutes to become hours.");
    }

    [Fact]
    public void Usage_counts_at_the_time_of_its_entry_and_what_is_given_back_at_the_time_of_giving_back()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Charge("c", "calls", "5");
        scene.Clock += TimeSpan.FromHours(2);
        scene.Reverse("r", "c", "2");

        Assert.Equal(["calls 12:00 5 5 1", "calls 14:00 -2 -2 0"], Told(scene, Scene.Start.AddHours(-1), Scene.Start.AddDays(1), UsageWindow.Hour));
        Assert.Equal(["calls 00:00 3 3 1"], Told(scene, Scene.Start.Date, Scene.Start.AddDays(1), UsageWindow.Month).Select(static line => line));
    }

    [Fact]
    public void Each_line_counts_under_its_meter_and_credits_for_none_under_none()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Charge(new Charge("c", [Scene.Line("calls", "1"), Scene.Line("disk", "2"), Scene.Line("calls", "3")], null, ChargeMode.Enforce));
        scene.Hold("h", "10");
        scene.Settle(new Core.Holds.Settle("s", "h", null, Scene.Of("2.5"), Final: true, ChargeMode.Enforce));

        Assert.Equal([" 12:00 0 2.5 1", "calls 12:00 4 4 2", "disk 12:00 2 2 1"], Told(scene, Scene.Start, Scene.Start.AddMinutes(1), UsageWindow.Minute));
    }

    [Fact]
    public void A_range_that_cuts_through_what_is_one_number_is_not_covered()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Charge("c", "calls", "5");
        scene.Clock += TimeSpan.FromMinutes(1);
        scene.Charge("d", "calls", "5");
        var cut = Scene.Start.AddSeconds(30);

        Assert.Null(scene.Account.UsageIn(cut, Scene.Start.AddHours(1), UsageWindow.Hour));
        Assert.Null(scene.Account.UsageIn(Scene.Start, cut, UsageWindow.Hour));

        // The minute of the last entry has nothing after it yet: a range may end, or begin, where the account is.
        Assert.Equal(["calls 12:00 10 10 2"], Told(scene, Scene.Start, scene.Clock.AddTicks(1), UsageWindow.Hour));
        Assert.Equal([], Told(scene, scene.Clock.AddTicks(1), scene.Clock.AddDays(1), UsageWindow.Hour));
    }

    [Fact]
    public void Thirteen_months_are_kept_whatever_the_load_and_what_is_forgotten_is_not_said_to_be_nothing()
    {
        var scene = new Scene();
        scene.Grant("plan", "1000000");
        for (var day = 0; day < 500; day++)
        {
            for (var hour = 0; hour < 24; hour += 6)
            {
                scene.Charge($"{day}-{hour}", "calls", "1");
                scene.Clock += TimeSpan.FromHours(6);
            }
        }

        var kept = scene.Clock.AddMonths(-13);
        Assert.Null(scene.Account.UsageIn(Scene.Start, scene.Clock, UsageWindow.Month));
        Assert.Equal(
            (decimal)(scene.Clock - kept.AddDays(1).Date).TotalHours / 6,
            scene.Account.UsageIn(kept.AddDays(1).Date, scene.Clock, UsageWindow.Month)!.Sum(static used => used.Quantity));
        Assert.InRange(Scene.State(scene.Account).Length, 0, 8_192);
    }

    [Fact]
    public void Ranges_with_meters_beyond_the_limit_are_not_covered_and_others_are()
    {
        var names = Enumerable.Range(0, UsageRollups.MaxMeters + 1).Select(static number => $"m{number}").ToArray();
        var scene = new Scene(card: Scene.CardOf([.. names.Select(static name => Scene.Meter(name, new Core.Pricing.PriceDraft { Id = name, Kind = Core.Pricing.PriceKind.PerUnit, UnitPrice = 1m }))]));
        scene.Grant("plan", "1000000");
        foreach (var name in names)
        {
            scene.Charge(name, name, "1");
            scene.Clock += TimeSpan.FromDays(1);
        }

        var beyond = Scene.Start.AddDays(UsageRollups.MaxMeters);
        Assert.Equal(UsageRollups.MaxMeters, Told(scene, Scene.Start, beyond, UsageWindow.Day).Count());
        Assert.Null(scene.Account.UsageIn(Scene.Start, beyond.AddTicks(1), UsageWindow.Day));
        Assert.Equal([], Told(scene, beyond.AddTicks(1), scene.Clock, UsageWindow.Day));

        // A meter that was not used for as long as anything is kept makes room.
        scene.Clock = Scene.Start.AddMonths(13).AddDays(2);
        scene.Charge("again", names[^1], "1");
        Assert.Single(Told(scene, scene.Clock.Date, scene.Clock.AddDays(1), UsageWindow.Day));
        Assert.Equal(Scene.Bytes(scene.Replayed()), Scene.Bytes(scene.Account));
    }

    [Fact]
    public void A_snapshot_from_before_usage_was_counted_still_reads_and_says_nothing_of_what_it_missed()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Charge("c", "calls", "5");
        var account = Account.Read("acme", Convert.FromBase64String(BeforeUsage), Scene.Blocks(scene.Account), new AccountLimits());

        Assert.Equal(scene.Account.Balance, account.Balance);
        Assert.Null(account.UsageIn(Scene.Start, Scene.Start.AddHours(1), UsageWindow.Hour));
        Assert.Empty(account.UsageIn(Scene.Start.AddTicks(1), Scene.Start.AddHours(1), UsageWindow.Hour)!);
    }

    private static void Do(Scene scene, (TimeSpan Pause, int Kind, int Quantity) step, int number)
    {
        scene.Clock += step.Pause;
        var quantity = step.Quantity == 4 ? "0.000000001" : $"{step.Quantity}";
        switch (step.Kind)
        {
            case 0:
                scene.Reverse($"r{number}", $"c{number - 1}", "0.000000001");
                break;
            case 1:
                scene.Reverse($"r{number}", $"c{number - 2}");
                break;
            case 2:
                scene.Hold($"h{number}", "3");
                scene.Settle(new Core.Holds.Settle($"s{number}", $"h{number}", null, Scene.Of(quantity), Final: true, ChargeMode.Enforce));
                break;
            case 3:
                scene.Charge(new Charge($"c{number}", [Scene.Line("calls", quantity), Scene.Line("disk", "2"), Scene.Line("calls", "3")], null, ChargeMode.UpTo));
                break;
            default:
                scene.Charge($"c{number}", step.Kind < 7 ? "calls" : step.Kind == 8 ? "tokens" : "disk", quantity, ChargeMode.Record);
                break;
        }
    }

    /// <summary>Minutes of the last hour, hours of the last seven days and days of the last thirteen months are always there.</summary>
    private static void CompareWhatIsPromised(Scene scene)
    {
        var now = scene.Account.Now(scene.Clock);
        Compare(scene, Floor(now, TimeSpan.TicksPerMinute).AddHours(-1), now.AddTicks(1), UsageWindow.Minute, mustBeCovered: true);
        Compare(scene, Floor(now, TimeSpan.TicksPerHour).AddDays(-7), now.AddTicks(1), UsageWindow.Hour, mustBeCovered: true);
        Compare(scene, Floor(now, TimeSpan.TicksPerDay).AddMonths(-13).AddDays(1), now.AddTicks(1), UsageWindow.Day, mustBeCovered: true);
        Compare(scene, Floor(now, TimeSpan.TicksPerDay).AddMonths(-6), now.AddYears(1), UsageWindow.Month, mustBeCovered: true);
    }

    /// <summary>Whatever is asked: the answer is right, or there is none.</summary>
    /// <returns>How often there was none.</returns>
    private static int CompareAnything(Scene scene)
    {
        var notCovered = 0;
        var instants = scene.Entries.Select(static entry => entry.At).Distinct().Where(static (_, index) => index % 37 == 0).ToList();
        foreach (var instant in instants)
        {
            foreach (var unit in (long[])[1, TimeSpan.TicksPerMinute, TimeSpan.TicksPerHour, TimeSpan.TicksPerDay])
            {
                foreach (var window in Enum.GetValues<UsageWindow>())
                {
                    notCovered += Compare(scene, Floor(instant, unit), Floor(instant.AddDays(3), unit), window, mustBeCovered: false) ? 0 : 1;
                }
            }
        }

        return notCovered;
    }

    private static bool Compare(Scene scene, DateTimeOffset from, DateTimeOffset to, UsageWindow window, bool mustBeCovered)
    {
        if (scene.Account.UsageIn(from, to, window) is not { } used)
        {
            Assert.False(mustBeCovered, $"Usage from {from:O} to {to:O} by {window} should be covered at {scene.Clock:O}.");
            return false;
        }

        Assert.Equal(Recount(scene.Entries, from, to, window), used);
        return true;
    }

    private static List<UsedInWindow> Recount(IEnumerable<Entry> entries, DateTimeOffset from, DateTimeOffset to, UsageWindow window) =>
    [
        .. entries.Where(entry => entry.At >= from && entry.At < to).SelectMany(static entry => entry switch
        {
            PaidOperation paid => paid.Lines.Select(line => (paid.At, line.Usage.Meter, Quantity: line.Usage.Quantity.Value, Credits: line.Taken.Value, Lines: 1)),
            Reversed reversed => reversed.Lines.Select(line => (reversed.At, line.Meter, Quantity: -line.Quantity.Value, Credits: -line.Credits.Value, Lines: 0)),
            _ => [],
        })
        .GroupBy(line => (Start: StartOf(line.At, window), line.Meter))
        .OrderBy(static group => group.Key.Start).ThenBy(static group => group.Key.Meter, StringComparer.Ordinal)
        .Select(static group => new UsedInWindow(
            group.Key.Meter, group.Key.Start, group.Sum(static line => line.Quantity), group.Sum(static line => line.Credits), group.Sum(static line => line.Lines))),
    ];

    private static DateTimeOffset StartOf(DateTimeOffset at, UsageWindow window) => window switch
    {
        UsageWindow.Minute => new(at.Year, at.Month, at.Day, at.Hour, at.Minute, 0, TimeSpan.Zero),
        UsageWindow.Hour => new(at.Year, at.Month, at.Day, at.Hour, 0, 0, TimeSpan.Zero),
        UsageWindow.Day => new(at.Year, at.Month, at.Day, 0, 0, 0, TimeSpan.Zero),
        UsageWindow.Month => new(at.Year, at.Month, 1, 0, 0, 0, TimeSpan.Zero),
    };

    private static DateTimeOffset Floor(DateTimeOffset instant, long ticks) => new(instant.Ticks - (instant.Ticks % ticks), TimeSpan.Zero);

    private static IEnumerable<string> Told(Scene scene, DateTimeOffset from, DateTimeOffset to, UsageWindow window) =>
        scene.Account.UsageIn(from, to, window)!.Select(static used => FormattableString.Invariant($"{used.Meter} {used.Start:HH:mm} {used.Quantity:0.#########} {used.Credits:0.#########} {used.Lines}"));
}
