using System.Globalization;
using Metering.Core;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Holds;
using Metering.Core.Tests.Accounts;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Tests.Upkeep;

/// <summary>Accounts that use several meters in bursts through some hours, with holds, settles and reversals, and the records of their partition's log.</summary>
internal sealed class RolledUpAccounts
{
    private const int Accounts = 3;
    private const int Bursts = 16;
    private const int MaxEntriesOfRecord = 9;

    internal RolledUpAccounts(int seed)
    {
        var random = new Random(seed);
        var scenes = Enumerable.Range(0, Accounts).Select(static _ => new Scene(creditLimit: "1000000")).ToArray();
        foreach (var scene in scenes)
        {
            scene.Grant("plan", "500");
        }

        var at = Scene.Start;
        for (var burst = 0; burst < Bursts; burst++)
        {
            // Some ten minutes from one to the next, so that some fall into one minute and some hours have several.
            at = at.AddSeconds(random.Next(20, 1_200));
            for (var use = 0; use < 12; use++)
            {
                at = at.AddMilliseconds(random.Next(0, 9_000));
                Use(scenes[random.Next(Accounts)], at, $"u{burst}-{use}", (burst + use) % 8, random);
            }
        }

        foreach (var scene in scenes)
        {
            scene.Clock = at.AddMinutes(1);
            _ = scene.Grant("late", "10");
        }

        End = at.AddMinutes(1);
        Entries = [.. scenes.Select(static scene => scene.Entries)];
        Rows = Enumerable.Range(0, Accounts).SelectMany(account => SegmentTests.Rows(Name(account), Entries[account])).ToList();
        Records = Deal(random);
    }

    /// <summary>When the last of it happened.</summary>
    internal DateTimeOffset End { get; }

    /// <summary>Of each account.</summary>
    internal List<Entry>[] Entries { get; }

    /// <summary>What the ledger has of them, entry by entry.</summary>
    internal List<LedgerRow> Rows { get; }

    /// <summary>Record 1 first: entries with their account.</summary>
    internal List<List<(string Account, Entry Entry)>> Records { get; }

    internal static string Name(int account) => string.Create(CultureInfo.InvariantCulture, $"account-{account}");

    private static void Use(Scene scene, DateTimeOffset at, string id, int what, Random random)
    {
        scene.Clock = at;
        var line = Scene.Line(random.Next(2) == 0 ? "calls" : "disk", $"{random.Next(1, 9)}", [.. random.Next(3) is var team && team == 0 ? [] : new[] { new Dimension("team", $"t{team}") }]);
        switch (what)
        {
            case 5:
                _ = scene.Hold(id, line);
                _ = scene.Settle(new Settle($"{id}-s", id, line.Quantity, null, Final: true, ChargeMode.Record));
                break;
            case 6:
                _ = scene.Hold(id, line);
                _ = scene.Release($"{id}-r", id);
                break;
            case 7:
                _ = scene.Charge(new Charge(id, [line, Scene.Line("calls", "2")], null, ChargeMode.Record));
                _ = scene.Reverse($"{id}-b", id);
                break;
            default:
                _ = scene.Charge(new Charge(id, [line], null, ChargeMode.Record));
                break;
        }
    }

    private List<List<(string Account, Entry Entry)>> Deal(Random random)
    {
        // In the order in which they happened, as a silo commits them.
        var entries = Entries.SelectMany(static (entries, account) => entries.Select(entry => (Account: Name(account), Entry: entry))).OrderBy(static each => each.Entry.At).ThenBy(static each => each.Entry.Sequence);
        var records = new List<List<(string Account, Entry Entry)>> { new() };
        foreach (var entry in entries)
        {
            if (records[^1].Count > random.Next(MaxEntriesOfRecord))
            {
                records.Add([]);
            }

            records[^1].Add(entry);
        }

        return records;
    }
}
