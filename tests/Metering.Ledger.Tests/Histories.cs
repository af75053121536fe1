using CsCheck;
using Metering.Core.Entries;
using Metering.Core.Tests.Accounts;
using Metering.Core.Tests.Reference;

namespace Metering.Ledger.Tests;

/// <summary>What an account lived through, at random: every kind of entry.</summary>
internal static class Histories
{
    internal static Gen<IReadOnlyList<Entry>> Any { get; } = Moves.Any.Array[1, 120].Select<Action<Duel>[], IReadOnlyList<Entry>>(static moves =>
    {
        var duel = new Duel();
        foreach (var move in moves)
        {
            move(duel);
        }

        return duel.Scene.Entries;
    });

    /// <summary>Twelve histories, and as many more as it takes until entries of all these kinds are in them: some come seldom.</summary>
    internal static IReadOnlyList<IReadOnlyList<Entry>> With(params EntryKind[] kinds)
    {
        var histories = Any.Array[12].Single().ToList();
        for (var more = 0; more < 1_000 && kinds.Except(histories.SelectMany(history => history).Select(entry => entry.Kind)).Any(); more++)
        {
            histories.Add(Any.Single());
        }

        Assert.Empty(kinds.Except(histories.SelectMany(history => history).Select(entry => entry.Kind)));
        return histories;
    }

    /// <summary>An account that has 100 credits and charged some of them, one by one.</summary>
    internal static Scene Charged(int charges) => Charged(charges, TimeSpan.FromSeconds(1));

    /// <summary>The same, with some time between two charges.</summary>
    internal static Scene Charged(int charges, TimeSpan apart)
    {
        var scene = new Scene();
        scene.Grant("plan", "1000000");
        for (var charge = 1; charge <= charges; charge++)
        {
            scene.Clock += apart;
            scene.Charge($"c{charge}", "calls", "1");
        }

        return scene;
    }
}
